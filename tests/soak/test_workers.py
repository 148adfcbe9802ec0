"""The run with several workers and a crowd: its clients, its verdict, and a short one of each play."""

from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from bench.sessions import Session, make_sessions
from soak.chaos.chart_copy import ChartCopy
from soak.chaos.follower import Backoff, Follower
from soak.chaos.track import Wrong
from soak.worker_process import worker_name
from soak.workers.guest import Knocker, Stayer
from soak.workers.play import Order, Play
from soak.workers.report import GREETED, SENT_ON, Report, text_of
from soak.workers.server import Server, serving

CLIENTS = 60
encode = msgspec.json.encode
USERINFO = encode({"type": "userinfo", "data": {"heartbeat_ms": 25_000, "offset": "5-0"}})
RESUMED = encode({"type": "resumed", "data": {"count": 0}})
PICTURE = {"type": "render", "update": "static", "chart_id": "A", "seq": 0, "chart": {"series": [{"data": []}]}}


def drawn(request: int) -> bytes:
    return encode({"type": "mycharts", "id": f"A/{request}", "data": PICTURE})


def stayer() -> Stayer:
    charts = [ChartCopy("A", "X", "A", "20130301")]
    return Stayer("127.1.0.1", b"", Follower(charts, lambda message: None), Backoff(lambda: 0.5))


def test_a_stayer_is_back_when_it_has_resumed_and_its_chart_is_drawn() -> None:
    guest = stayer()
    guest.begin()
    asked = [msgspec.json.decode(answer)["type"] for answer in guest.take([USERINFO], 1.0)]
    assert asked == ["resume", "mycharts"]
    guest.take([RESUMED], 2.0)
    assert not guest.is_whole
    guest.take([drawn(1)], 3.0)
    assert guest.is_whole
    assert guest.on_end(1006, "reset", 4.0) == 0.25
    assert not guest.is_whole
    guest.begin()
    guest.take([USERINFO, drawn(2)], 5.0)
    guest.take([RESUMED], 6.0)
    assert guest.returns == [3.0, 6.0]
    assert guest.losses == [(4.0, 1006)]


def test_a_stayer_that_is_told_when_to_come_back_does_so() -> None:
    guest = stayer()
    guest.begin()
    guest.take([USERINFO, encode({"type": "reconnect", "data": {"after_ms": 1500}})], 1.0)
    assert guest.on_end(4101, "", 2.0) == 1.5
    assert guest.on_end(1006, "refused", 3.0) != 1.5 or guest.failures == []


def test_a_stayer_that_is_sent_away_for_good_ends_the_run() -> None:
    guest = stayer()
    guest.begin()
    with pytest.raises(RuntimeError, match="4003"):
        guest.on_end(4003, "kicked", 1.0)


def test_a_knocker_tells_a_greeting_from_a_reset() -> None:
    guest = Knocker("127.2.0.1", b"", interval=1.0)
    for payloads, code in (([USERINFO], 1000), ([], 4101), ([], 1006)):
        guest.begin()
        guest.take(payloads, 1.0)
        assert guest.is_leaving == bool(payloads)
        assert guest.on_end(code, "", 1.0) == 1.0
    assert guest.outcomes == {GREETED: 1, SENT_ON: 1, "1006": 1}


def well(play: str) -> Report:
    return Report(play, 4, 8, lost=2, back=[0.5, 1.9], sent=10, delivered=10)


def test_a_report_is_good_if_all_came_back_in_time_with_all_messages() -> None:
    assert well("kill").faults() == []
    assert well("renew").faults() == []
    assert text_of(well("kill")).endswith("All is as it should be.")


@pytest.mark.parametrize(
    ("play", "field", "value", "told"),
    [
        ("kill", "back", [0.5, 2.1], "after 2.10 s"),
        ("kill", "back", [0.5], "1 of 2 clients did not come back"),
        ("kill", "lost", 0, "no client lost"),
        ("kill", "sent", 0, "nothing was sent"),
        ("kill", "wrong", {Wrong.DOUBLED: 1}, "1 messages were doubled"),
        ("kill", "resumes_lost", 1, "could not resume"),
        ("kill", "spread", {"before": {1: 121, 2: 99, 3: 100, 4: 100}}, "1.15 times the mean"),
        ("renew", "unclosed", 1, "1 connections were reset"),
        ("renew", "knocks", Counter({GREETED: 9, "1006 Connection refused": 1}), "1 attempts failed"),
        ("renew", "failed", Counter({"1006 Connection reset by peer": 1}), "1 attempts failed"),
    ],
)
def test_a_report_tells_what_must_not_be(play: str, field: str, value: object, told: str) -> None:
    report = well(play)
    setattr(report, field, value)
    (fault,) = report.faults()
    assert told in fault


def test_a_few_connections_need_not_be_spread_evenly() -> None:
    report = well("kill")
    report.spread = {"before": {1: 9, 2: 1}}
    assert report.faults() == []


def test_of_two_names_on_a_command_line_the_last_one_counts() -> None:
    words = ["rtserver", "serve", "--worker", "web", "--workers", "1", "--worker", "web/3", "--port", "80"]
    assert worker_name(words) == "web/3"
    assert worker_name(words[:2]) == ""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Two workers, for both plays."""
    with serving(2, ("--drain-seconds", "0.5", "--canary-seconds", "0.5")) as server:
        yield server


@pytest.fixture(scope="module")
def sessions(server: Server) -> list[Session]:
    return make_sessions(server.local.redis_url, server.local.directory, 2 * CLIENTS)


@pytest.mark.soak
def test_clients_of_a_killed_worker_come_back_with_every_message_once(
    server: Server, sessions: list[Session]
) -> None:
    order = Order("kill", workers=2, clients=CLIENTS, pushes=200, items=2, arrivals=200.0, calm=0.3)
    report = Play(order, server, sessions[:CLIENTS], print).run()
    report.bound = 20.0  # others use the processors, too
    assert report.faults() == [], text_of(report)
    assert 0 < report.lost < CLIENTS


@pytest.mark.soak
def test_a_renewal_of_all_workers_refuses_and_resets_nobody(server: Server, sessions: list[Session]) -> None:
    order = Order("renew", workers=2, clients=CLIENTS, pushes=200, items=2, arrivals=200.0, calm=0.3)
    report = Play(order, server, sessions[CLIENTS:], print).run()
    assert report.faults() == [], text_of(report)
    assert report.lost >= CLIENTS
    assert report.knocks[GREETED] > 0
