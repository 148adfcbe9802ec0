"""The order and the report of the gateways' soak, its files, and what it looks for in logs."""

from collections import Counter
from pathlib import Path

import pytest

from soak.chaos.fault_kind import fault_named
from soak.gateway.__main__ import SEED, read_arguments
from soak.gateway.account import OK, OWN, Episode
from soak.gateway.client import packet_of, text_of
from soak.gateway.fault import FAULTS
from soak.gateway.layout import QPID, STREAM, TIMEOUT_SECONDS, Size, services_xml
from soak.gateway.mark import Kind
from soak.gateway.report import Result, failures, progress, report, table
from soak.gateway.trouble import log_troubles
from tcelib.gateway.config.services import read_services
from tcelib.wire.message import CALL, TWOWAY
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES, PacketReader


def test_without_arguments_it_is_three_minutes_of_everything() -> None:
    order = read_arguments([])
    assert (order.seed, order.seconds, order.size, order.faults) == (SEED, 180.0, Size(), FAULTS)
    assert (order.size.gateways, order.size.services, order.size.clients) == (2, 3, 200)


def test_faults_of_redis_are_left_out_at_a_broker() -> None:
    order = read_arguments(["--type", QPID, "--only", "fill-queues", "--only", "kill queues"])
    assert order.faults == (fault_named(FAULTS, "kill queues"),)
    with pytest.raises(SystemExit):
        read_arguments(["--type", QPID, "--only", "fill queues"])


@pytest.mark.parametrize("kind", [STREAM, QPID])
def test_the_file_of_a_gateway_has_no_mistakes(kind: str) -> None:
    services, findings = read_services(services_xml("gateway-1", kind, 1000, 2000).encode())
    assert services is not None
    assert findings == ()
    routes = {route.index: route for route in services.servers["gateway-1"].routes}
    assert [routes[each].is_idempotent for each in (Kind.ORDER, Kind.LOOK)] == [False, True]
    assert {routes[each].timeout for each in (Kind.ORDER, Kind.LOOK)} == {TIMEOUT_SECONDS}


def test_a_call_is_a_packet_with_its_text() -> None:
    packets: list[object] = []
    PacketReader(DEFAULT_MAX_PACKET_BYTES, pytest.fail).feed(packet_of(7, "mark", Kind.LOOK), packets)  # type: ignore[arg-type]
    [((*_, sequence, calltype, route, _, _, _, count), rest)] = packets  # type: ignore[misc]
    assert (sequence, calltype, route, count) == (7, CALL | TWOWAY, 1 << 16, 0)
    assert text_of(rest) == "mark"
    assert text_of(b"") == ""


def test_the_report_has_a_row_for_each_fault_and_all_failures_by_cause() -> None:
    episodes = [
        Episode("kill", Counter({OK: 8, "2": 1, "104": 1}), pushes=3, longest=2.0, recovery=1.0),
        Episode("cut", Counter({OK: 5, OWN: 1}), longest=9.0, recovery=4.0),
        Episode("kill", Counter({OK: 10}), pushes=1),
    ]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table(episodes).splitlines()]
    assert rows[2:] == [
        ["cut", "1", "6", "5", "1", "0", "9.0 s", "4.0 s"],
        ["kill", "2", "20", "18", "2", "4", "2.0 s", "1.0 s"],
        ["all", "3", "26", "23", "3", "4", "9.0 s", "4.0 s"],
    ]
    assert failures(episodes) == {
        "2 RPCERROR_TIMEOUT": 1,
        "104 RPCERROR_CONNECTION_LOST": 1,
        "by their own deadline, on a connection that hung": 1,
    }
    assert "none failed" in progress(1.0, episodes[2])


def test_one_broken_promise_is_a_failure_and_so_is_nothing_tried() -> None:
    good = Result(3, [Episode("kill")])
    assert good.is_good
    assert not Result(3).is_good
    assert "nothing was tried" in report(Result(3))
    bad = Result(3, [Episode("kill")], violations=[f"line {number}" for number in range(40)])
    assert not bad.is_good
    assert "40 promises broken" in report(bad)
    assert "and 10 more" in report(bad)


def test_tracebacks_in_logs_are_trouble(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.log", tmp_path / "bad.log"
    good.write_text("! the queue calls cannot be read: away\n")
    bad.write_text("! oh\nTraceback (most recent call last):\n  File x\nKeyError: 1\n" * 2)
    [found] = log_troubles({"good": good, "bad": bad, "none": tmp_path / "none.log"})
    assert found.startswith("bad has logged 2 tracebacks")
    assert "! oh" in found
