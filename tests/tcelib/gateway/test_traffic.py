"""Calls are counted by operation, without any memory of one that has ended."""

import pytest

from tcelib.error import RPCERROR_CONNECT_UNREACHABLE, RPCERROR_TIMEOUT
from tcelib.gateway.client import Client
from tcelib.gateway.operation_name import OperationNames
from tcelib.gateway.router import Router
from tcelib.gateway.traffic import BOUNDS, MOST_CODES, MOST_OPERATIONS, OPERATION, OTHER_CODE, Traffic, Traffics
from tcelib.wire.message import CALL, build_body, parse_body
from tests.tcelib.gateway.rig import ONE_WAY, SERVER, TIMEOUT, forwarded, small
from tests.tcelib.gateway.rig import answer as answer_of

ECHO = SERVER << 16 | 7


@pytest.fixture
def router() -> Router:
    router = small(most_waiting=10)
    router.state.count_calls()
    return router


@pytest.fixture
def client(router: Router) -> Client:
    return router.clients.connect("clients")


def call(router: Router, client: Client, sequence: int, now: float, calltype: int = CALL) -> bytes:
    return forwarded(router.clients.receive(client, parse_body(build_body(sequence, calltype, ECHO)), now))


def traffic_of(router: Router) -> Traffics:
    assert router.state.traffic is not None
    return router.state.traffic


def answer(router: Router, body: bytes, now: float, errcode: int = 0) -> None:
    now_us = round(now * 1e6)
    router.services.receive(router.services.source("answers"), answer_of(body, errcode=errcode), now_us)


def test_the_time_of_a_call_is_told_by_its_operation_which_its_answer_does_not_name(
    router: Router, client: Client
) -> None:
    body = call(router, client, 1, 1000.0)
    assert traffic_of(router)[ECHO].in_flight == 1
    answer(router, body, 1000.25)
    traffic = traffic_of(router)[ECHO]
    assert (traffic.calls, traffic.answers, traffic.in_flight, traffic.errors) == (1, 1, 0, {})
    assert traffic.total == pytest.approx(250_000, abs=2)
    assert [bound for bound, count in zip(BOUNDS, traffic.classes, strict=False) if count] == [300_000]


def test_a_call_that_waits_is_told_by_one_number(router: Router, client: Client) -> None:
    call(router, client, 1, 1000.0)
    assert [type(ticket) for ticket in client.waiting.values()] == [int]


def test_an_error_of_a_service_counts_by_its_code(router: Router, client: Client) -> None:
    answer(router, call(router, client, 1, 1000.0), 1001.0, errcode=77)
    assert traffic_of(router)[ECHO].errors == {77: 1}


def test_what_the_gateway_itself_answers_counts_as_an_error_and_waits_no_more(router: Router, client: Client) -> None:
    call(router, client, 1, 0.0)
    list(router.clients.expire(TIMEOUT))
    router.clients.unsent(client, call(router, client, 2, 0.0))
    router.state.away.add("calls")
    router.clients.receive(client, parse_body(build_body(3, CALL, ECHO)), 0.0)
    traffic = traffic_of(router)[ECHO]
    assert traffic.errors == {RPCERROR_TIMEOUT: 1, RPCERROR_CONNECT_UNREACHABLE: 2}
    assert (traffic.calls, traffic.answers, traffic.in_flight) == (3, 0, 0)


def test_the_calls_of_a_client_that_leaves_are_in_flight_no_more(router: Router, client: Client) -> None:
    body = call(router, client, 1, 0.0)
    router.clients.disconnect(client)
    answer(router, body, 1.0)
    assert traffic_of(router)[ECHO].in_flight == 0
    assert router.state.dropped == {"late": 1}


def test_one_way_calls_wait_for_nothing(router: Router, client: Client) -> None:
    call(router, client, 1, 0.0, ONE_WAY)
    traffic = traffic_of(router)[ECHO]
    assert (traffic.one_way, traffic.calls, traffic.in_flight) == (1, 0, 0)


def test_an_answer_without_the_time_has_no_duration(router: Router, client: Client) -> None:
    answer(router, call(router, client, 1, 1000.0), 0.0)
    traffic = traffic_of(router)[ECHO]
    assert (traffic.answers, traffic.in_flight, sum(traffic.classes)) == (1, 0, 0)


def test_a_route_that_nobody_has_is_not_counted_by_its_number(router: Router, client: Client) -> None:
    router.clients.receive(client, parse_body(build_body(1, CALL, 999 << 16)), 0.0)
    assert not traffic_of(router)


def test_calls_that_wait_when_the_count_begins_are_part_of_it() -> None:
    router = small(most_waiting=10)
    client = router.clients.connect("clients")
    first, second = (call(router, client, sequence, 1000.0) for sequence in (1, 2))
    answer(router, first, 1001.0)
    assert router.state.traffic is None
    router.state.count_calls()
    router.state.count_calls()
    assert (traffic_of(router)[ECHO].calls, traffic_of(router)[ECHO].in_flight) == (1, 1)
    answer(router, second, 1001.0)
    assert (traffic_of(router)[ECHO].answers, traffic_of(router)[ECHO].in_flight) == (1, 0)


def test_a_client_that_names_every_operation_makes_no_more_counts_than_there_is_room_for() -> None:
    traffics = Traffics({2: 1.0})
    for operation in range(5_000):
        traffics[2 << 16 | operation].calls += 1
    assert len(traffics) == MOST_OPERATIONS + 1
    assert traffics[2 << 16 | OPERATION].calls == 5_000 - MOST_OPERATIONS
    assert sum(traffic.calls for traffic in traffics.values()) == 5_000


def test_a_service_that_names_every_errcode_makes_no_more_counts_than_there_is_room_for() -> None:
    traffic = Traffic(1.0)
    for code in range(1, 1_000):
        traffic.fail(code)
    assert len(traffic.errors) == MOST_CODES + 1
    assert traffic.errors[OTHER_CODE] == 999 - MOST_CODES


def test_an_operation_called_others_is_not_taken_for_those_without_room() -> None:
    names = OperationNames({"test.Server": SERVER}, {"test.Server": {1: "others"}})
    assert names.of(SERVER << 16 | 1) == ("test.Server", "others")
    assert names.of(SERVER << 16 | OPERATION) == ("test.Server", "(others)")
