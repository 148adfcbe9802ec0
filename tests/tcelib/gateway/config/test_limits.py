"""Limits of clients, as properties of a server."""

import pytest

from tcelib.gateway.config.finding import Findings, Place
from tcelib.gateway.config.limit_form import NAMES, limits_of
from tcelib.limit.door_limits import DoorLimits

HERE = Place(1, 1)


def read(**properties: str) -> tuple[DoorLimits, list[str]]:
    findings = Findings()
    found = limits_of({f"limit.{name}": text for name, text in properties.items()}, HERE, findings)
    return found, [str(each) for each in findings.reading(found).findings]


def test_limits_have_defaults() -> None:
    assert read() == (DoorLimits(), [])


def test_each_limit_can_be_set() -> None:
    numbers = dict.fromkeys(NAMES, "2048") | {"unsent_bytes": "4096"}
    limits, findings = read(**numbers)
    assert findings == []
    assert {name: getattr(limits, name) for name in NAMES} == {name: int(text) for name, text in numbers.items()}


def test_other_properties_are_the_applications_own() -> None:
    findings = Findings()
    assert limits_of({"connections": "many", "limits": "x"}, HERE, findings) == DoorLimits()
    assert not findings.reading(None).findings


@pytest.mark.parametrize(
    ("properties", "finding"),
    [
        ({"connections": "many"}, "error: property limit.connections is a number from 0 to 9999999999, not 'many'"),
        ({"calls": "-1"}, "error: property limit.calls is a number from 0 to 9999999999, not '-1'"),
        ({"idle_seconds": "0"}, "error: property limit.idle_seconds is more than 0 and at most 86400 seconds"),
        ({"packet_bytes": "100"}, "error: property limit.packet_bytes is 1024 or more, not 100"),
        ({"unsent_bytes": "0"}, "error: property limit.unsent_bytes is 0: no message of 1048576 bytes"),
        ({"conections": "1"}, "warning: property 'limit.conections': no such limit; there are connections, "),
    ],
)
def test_a_mistake_is_told_and_the_default_counts(properties: dict[str, str], finding: str) -> None:
    _, findings = read(**properties)
    assert len(findings) == 1
    assert finding in findings[0]
