"""Verdicts of ``check`` on real ports."""

import socket
from typing import Any

import pytest

from rtserver.bootstrap.command.check import Severity, check_monitors, check_origins, check_ports
from rtserver.bootstrap.config.config import Config
from tests.conftest import unused_port


def test_free_ports_are_told_one_by_one() -> None:
    config = Config(port=unused_port(), tce_port=unused_port(), admin_port=unused_port())
    findings = list(check_ports(config))
    assert [(finding.severity, finding.subject) for finding in findings] == [
        (Severity.OK, "port"),
        (Severity.OK, "tce-port"),
        (Severity.OK, "admin-port"),
    ]
    assert findings[2].detail == f"127.0.0.1:{config.admin_port} is free"


def test_ports_that_are_not_fixed_are_not_told() -> None:
    assert [finding.subject for finding in check_ports(Config(port=unused_port(), tce_port=0))] == ["port"]


def test_a_port_that_somebody_shares_is_free_for_those_who_share_it() -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        (shared,) = check_ports(Config(port=listener.getsockname()[1], tce_port=0, reuse_port=True))
    assert shared.severity is Severity.OK


@pytest.mark.parametrize(
    ("config", "severity", "words"),
    [
        ({}, "ok", "at the public port for 127.0.0.0/8, ::1"),
        ({"admin_port": 9001, "trusted_proxies": ("127.0.0.1",)}, "ok", "9001, not at the public port"),
        ({"host": "0.0.0.0"}, "ok", "not at the public port; set admin_port"),
        ({"public_metrics": "off"}, "ok", "not at the public port"),
        ({"host": "0.0.0.0", "public_metrics": "on"}, "warn", "a proxy there that sends no header"),
    ],
)
def test_where_the_numbers_are_is_told(config: dict[str, Any], severity: str, words: str) -> None:
    finding = check_monitors(Config(**config))
    assert (finding.severity, finding.subject) == (severity, "metrics")
    assert words in finding.detail


@pytest.mark.parametrize("word", ["*", "null"])
def test_an_origin_that_lets_other_sites_in_is_warned_of(word: str) -> None:
    [finding] = check_origins(Config(allowed_origins=("https://a.example", word)))
    assert (finding.severity, finding.subject) == ("warn", "origins")
    assert f'"{word}"' in finding.detail
    assert list(check_origins(Config(allowed_origins=("https://a.example",)))) == []
