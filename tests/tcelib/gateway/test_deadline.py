"""Every forwarded call ends by its deadline, and how many may wait is bounded."""

import math

import pytest

from tcelib.error import RPCERROR_CONNECT_UNREACHABLE
from tcelib.gateway.action import HOLD
from tcelib.gateway.client import Client
from tcelib.gateway.router import Router
from tests.tcelib.gateway.rig import (
    ONE_WAY,
    SERVER,
    TIMEOUT,
    answer,
    answered,
    delivered,
    dropped,
    example,
    forwarded,
    packet,
    small,
)


def call(router: Router, client: Client, sequence: int, now: float = 0.0) -> bytes:
    return forwarded(router.clients.receive(client, packet(SERVER, sequence, call_id=0x15), now))


def test_at_its_deadline_a_call_is_answered_with_timeout() -> None:
    router = small()
    client = router.clients.connect("clients")
    call(router, client, 7)
    call(router, client, 8, 1.0)
    assert not list(router.clients.expire(4.999))
    [action] = router.clients.expire(5.0)
    error = answered(action, client)
    assert (error.sequence, error.ifidx, error.errcode, error.call_id) == (7, SERVER, 2, 0x8015)
    assert error.extra.props == {"__user_id__": "1"}
    assert [answered(each, client).sequence for each in router.clients.expire(6.0)] == [8]
    assert client.deadline == math.inf
    assert router.state.refused == {"timeout": 2}


def test_a_late_answer_is_dropped_counted_and_given_to_no_other_call() -> None:
    router = small()
    client = router.clients.connect("clients")
    late = answer(call(router, client, 7))
    list(router.clients.expire(5.0))
    call(router, client, 8, 5.0)
    source = router.services.source("answers")
    assert dropped(router.services.receive(source, late)) == "late"
    assert router.state.dropped == {"late": 1}
    assert len(client.waiting) == 1


def test_an_answer_in_time_leaves_nothing_to_expire() -> None:
    router = small()
    client = router.clients.connect("clients")
    delivered(router.services.receive(router.services.source("answers"), answer(call(router, client, 7))), client)
    assert not list(router.clients.expire(1e9))


def test_the_default_is_two_minutes() -> None:
    router = example()
    client = router.clients.connect("socket_gateway")
    router.clients.receive(client, packet(), 10.0)
    assert client.deadline == 10.0 + TIMEOUT


def test_a_connection_with_as_many_calls_as_may_wait_is_read_no_further_until_one_ends() -> None:
    router = small(most_waiting=2)
    client = router.clients.connect("clients")
    first = call(router, client, 1)
    assert not client.is_full
    call(router, client, 2)
    assert client.is_full
    third = packet(SERVER, 3)
    assert router.clients.receive(client, third, 0.0) is HOLD
    assert router.clients.receive(client, third, 0.0) is HOLD
    router.services.receive(router.services.source("answers"), answer(first))
    assert not client.is_full
    assert forwarded(router.clients.receive(client, third, 0.0))
    assert [answered(each, client).sequence for each in router.clients.expire(9.0)] == [2, 3]
    assert not client.is_full


def test_a_full_connection_holds_up_nobody_else() -> None:
    router = small(most_waiting=1)
    full, other = router.clients.connect("clients"), router.clients.connect("clients")
    call(router, full, 1)
    assert forwarded(router.clients.receive(other, packet(), 0.0))


def test_one_way_calls_do_not_wait() -> None:
    router = small(most_waiting=1)
    client = router.clients.connect("clients")
    for sequence in range(5):
        assert forwarded(router.clients.receive(client, packet(SERVER, sequence, ONE_WAY), 0.0))
    assert (len(client.waiting), client.deadline) == (0, math.inf)


def test_a_second_call_with_the_number_of_one_that_waits_is_dropped() -> None:
    router = small()
    client = router.clients.connect("clients")
    first = call(router, client, 7)
    assert dropped(router.clients.receive(client, packet(SERVER, 7, call_id=0x15), 1.0)) == "duplicate"
    assert delivered(router.services.receive(router.services.source("answers"), answer(first)), client)
    assert call(router, client, 7)


def test_deadlines_of_a_client_that_is_gone_end_with_it() -> None:
    router = small()
    client = router.clients.connect("clients")
    late = answer(call(router, client, 7))
    router.clients.disconnect(client)
    assert not list(router.clients.expire(1e9))
    assert dropped(router.services.receive(router.services.source("answers"), late)) == "late"


@pytest.mark.parametrize("sequence", [0, 1, 0xFFFFFFFF])
def test_every_number_of_a_call_is_a_number(sequence: int) -> None:
    router = small()
    client = router.clients.connect("clients")
    call(router, client, sequence)
    assert [answered(each, client).sequence for each in router.clients.expire(5.0)] == [sequence]


def test_a_call_that_its_queue_did_not_take_is_answered_at_once_and_waits_no_more() -> None:
    router = small()
    client = router.clients.connect("clients")
    sent = call(router, client, 7)
    error = answered(router.clients.unsent(client, sent), client)
    assert (error.sequence, error.errcode) == (7, RPCERROR_CONNECT_UNREACHABLE)
    assert dropped(router.clients.unsent(client, sent)) == "unsent"
    assert dropped(router.services.receive(router.services.source("answers"), answer(sent))) == "late"
    one_way = forwarded(router.clients.receive(client, packet(SERVER, 8, ONE_WAY), 0.0))
    assert dropped(router.clients.unsent(client, one_way)) == "unsent"
