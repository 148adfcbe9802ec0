"""Messages of clients: forwarded as they are but for what a gateway adds, or refused so that the caller knows."""

import pytest

from tcelib.error import RPCERROR_UNSERIALIZE_FAILED as UNSERIALIZE_FAILED
from tcelib.gateway.action import SERVE
from tcelib.gateway.router import Router
from tcelib.gateway.verb import Reason, Verb
from tcelib.wire.extra_map import pair
from tcelib.wire.message import ASYNC, CALL, MOST_EXTRA, RETURN, TWOWAY, RpcMessage, parse_body
from tests.tcelib.gateway.rig import (
    ONE_WAY,
    SERVER,
    TERMINAL,
    UNKNOWN,
    answer,
    answered,
    delivered,
    dropped,
    forwarded,
    packet,
    small,
)

TCP = 4
SPOOFED = {"__mq_return__": "elsewhere", "name": "scott", "__user_id__": "admin"}


@pytest.mark.parametrize("calltype", [CALL, CALL | TWOWAY, CALL | ASYNC, ONE_WAY, CALL | RETURN])
def test_a_call_goes_on_with_everything_that_it_has_and_three_things_more(calltype: int) -> None:
    router = small()
    client = router.clients.connect("clients")
    sent = packet(SERVER, 7, calltype, errcode=5, call_id=0x1234, extra={"traceparent": "00-1", "name": "x"})
    message = RpcMessage.parse(forwarded(router.clients.receive(client, sent, 0.0)))
    assert list(message.extra.props.items()) == [
        ("__mq_return__", "answers"),
        ("__user_id__", "1"),
        ("traceparent", "00-1"),
        ("name", "x"),
    ]
    original = RpcMessage.of(sent)
    for name in ("calltype", "sequence", "ifidx", "opidx", "errcode", "paramsize", "paramstream"):
        assert getattr(message, name) == getattr(original, name)
    assert message.call_id == 0x9234


def test_parameters_are_never_looked_at() -> None:
    router = small()
    client = router.clients.connect("clients")
    params = bytes(range(256)) * 4
    assert forwarded(router.clients.receive(client, packet(params=params), 0.0)).endswith(params)


def test_a_service_over_tcp_gets_the_users_id_and_no_queue() -> None:
    router = small()
    client = router.clients.connect("clients")
    verb, _, name, sent = router.clients.receive(client, packet(TCP), 0.0)
    assert (verb, name) == (Verb.CALL, "service")
    assert RpcMessage.parse(sent).extra.props == {"__user_id__": "1"}


def test_what_is_served_here_goes_nowhere_else() -> None:
    router = small(checks=True)
    client = router.clients.connect("clients")
    router.state.local |= {SERVER}
    assert router.clients.receive(client, packet(), 0.0) is SERVE
    assert not client.waiting


@pytest.mark.parametrize(
    ("interface", "errcode", "reason"),
    [(UNKNOWN, 4, Reason.NO_ROUTE), (TERMINAL, 4, Reason.NO_ROUTE), (SERVER, 101, Reason.NO_RESPONDERS)],
)
def test_a_call_that_leads_nowhere_is_answered_at_once(interface: int, errcode: int, reason: Reason) -> None:
    router = small()
    router.state.away |= {"calls"}
    client = router.clients.connect("clients")
    error = answered(router.clients.receive(client, packet(interface, 99, call_id=0x21), 0.0), client)
    assert (error.sequence, error.ifidx, error.errcode, error.call_id) == (99, interface, errcode, 0x21)
    assert error.extra.props == {"__user_id__": "1"}
    assert router.state.refused == {reason: 1}
    assert not client.waiting


@pytest.mark.parametrize("interface", [UNKNOWN, TERMINAL])
def test_a_one_way_call_that_leads_nowhere_is_dropped(interface: int) -> None:
    router = small()
    client = router.clients.connect("clients")
    assert dropped(router.clients.receive(client, packet(interface, 99, ONE_WAY), 0.0)) == "no_route"
    assert router.state.dropped == {Reason.NO_ROUTE: 1}


def test_a_one_way_call_waits_in_its_queue_for_a_service_but_not_at_a_connection() -> None:
    router = small()
    client = router.clients.connect("clients")
    router.state.away |= {"calls", "service"}
    assert forwarded(router.clients.receive(client, packet(SERVER, 1, ONE_WAY), 0.0))
    assert dropped(router.clients.receive(client, packet(TCP, 2, ONE_WAY), 0.0)) == "no_responders"


@pytest.mark.parametrize(("reason", "errcode"), [(Reason.LOST, 104), (Reason.UNSENT, 101)])
def test_calls_of_a_service_that_is_lost_fail_at_once_and_no_others(reason: Reason, errcode: int) -> None:
    router = small()
    client, other = router.clients.connect("clients"), router.clients.connect("clients")
    router.clients.receive(client, packet(TCP, 1, call_id=0x21), 0.0)
    router.clients.receive(client, packet(TCP, 2, ONE_WAY), 0.0)
    queued = forwarded(router.clients.receive(client, packet(SERVER, 3), 0.0))
    router.clients.receive(other, packet(TCP, 4), 0.0)
    actions = list(router.clients.lost("service", reason))
    errors = {action[1]: answered(action, action[1]) for action in actions if action[1]}
    assert {each: (error.sequence, error.ifidx, error.errcode) for each, error in errors.items()} == {
        client: (1, TCP, errcode),
        other: (4, TCP, errcode),
    }
    assert errors[client].call_id == 0x8021
    assert (len(client.waiting), len(other.waiting)) == (1, 0)
    assert router.state.refused == {reason: 2}
    delivered(router.services.receive(router.services.source("answers"), answer(queued)), client)
    assert not list(router.clients.lost("service", reason))


def test_the_loss_of_a_service_is_no_answer_to_silent_clients() -> None:
    router = small()
    client = router.clients.connect("quiet")
    router.clients.receive(client, packet(SERVER, 1), 0.0)
    assert [dropped(action) for action in router.clients.lost("calls", Reason.LOST)] == ["silenced"]
    assert not client.waiting


def test_services_that_are_there_again_get_calls_again() -> None:
    router = small()
    client = router.clients.connect("clients")
    router.state.away |= {"calls"}
    router.state.away -= {"calls"}
    assert forwarded(router.clients.receive(client, packet(), 0.0))


def test_a_client_that_needs_a_user_id_is_refused_until_it_has_one() -> None:
    router = small(checks=True)
    client = router.clients.connect("clients")
    error = answered(router.clients.receive(client, packet(), 0.0), client)
    assert (error.errcode, error.sequence, error.ifidx, error.extra.props) == (103, 7, SERVER, {})
    assert dropped(router.clients.receive(client, packet(SERVER, 8, ONE_WAY), 0.0)) == "no_user_id"
    router.clients.name(client, "scott")
    message = RpcMessage.parse(forwarded(router.clients.receive(client, packet(), 0.0)))
    assert message.user_id == "scott"


@pytest.mark.parametrize("checks", [False, True])
def test_a_client_cannot_say_who_it_is_nor_where_answers_go(checks: bool) -> None:
    router = small(checks=checks)
    client = router.clients.connect("clients")
    if checks:
        router.clients.name(client, "scott")
    message = RpcMessage.parse(forwarded(router.clients.receive(client, packet(extra=SPOOFED), 0.0)))
    assert message.extra.props == {
        "__mq_return__": "answers",
        "__user_id__": "scott" if checks else "1",
        "name": "scott",
    }


def test_a_client_cannot_say_it_twice_either() -> None:
    router = small()
    client = router.clients.connect("clients")
    fields, params = packet(extra=SPOOFED)
    rest = pair("__user_id__", "root") * 3 + params
    message = forwarded(router.clients.receive(client, ((*fields[:-1], 6), rest), 0.0))
    assert message.count(b"__user_id__") == message.count(b"__mq_return__") == 1
    assert not [word for word in (b"root", b"admin", b"elsewhere") if word in message]


def test_a_client_cannot_set_bit_15_to_answer_for_others() -> None:
    router = small()
    client = router.clients.connect("clients")
    mallory = router.clients.connect("clients")
    call = forwarded(router.clients.receive(client, packet(), 0.0))
    assert dropped(router.clients.receive(mallory, parse_body(answer(call)), 0.0)) == "no_route"
    assert router.clients.receive(mallory, packet(SERVER, 7, RETURN), 0.0) is SERVE
    assert len(client.waiting) == 1


def test_a_call_with_bit_15_is_a_call_like_any_other() -> None:
    router = small()
    client = router.clients.connect("clients")
    assert RpcMessage.parse(forwarded(router.clients.receive(client, packet(call_id=0x8005), 0.0))).call_id == 0x8005


@pytest.mark.parametrize("count", [1, 3, 2_000])
def test_extra_values_that_are_cut_are_an_error_and_wait_for_nothing(count: int) -> None:
    router = small()
    client = router.clients.connect("clients")
    fields, _ = packet()
    error = answered(router.clients.receive(client, ((*fields[:-1], count), b"\0\0\0\1a"), 0.0), client)
    assert (error.errcode, error.sequence, router.state.refused["malformed"]) == (UNSERIALIZE_FAILED, 7, 1)
    fields, _ = packet(calltype=ONE_WAY)
    assert dropped(router.clients.receive(client, ((*fields[:-1], count), b"\0\0\0\1a"), 0.0)) == "malformed"
    assert not client.waiting


@pytest.mark.parametrize(("interface", "most"), [(SERVER, MOST_EXTRA - 2), (TCP, MOST_EXTRA - 1)])
def test_a_call_has_no_more_extra_values_than_services_take_with_those_added(interface: int, most: int) -> None:
    router = small()
    client = router.clients.connect("clients")
    most_values = {f"n{number}": "" for number in range(most)}
    [_, _, _, body] = router.clients.receive(client, packet(interface, 1, extra=most_values), 0.0)
    assert len(RpcMessage.parse(body).extra.props) == MOST_EXTRA
    theirs = router.clients.receive(client, packet(interface, 2, extra={**most_values, "__user_id__": "x"}), 0.0)
    assert theirs[0] in (Verb.WRITE, Verb.CALL)
    action = router.clients.receive(client, packet(interface, 3, extra={**most_values, "n": ""}), 0.0)
    error = answered(action, client)
    assert error.errcode == UNSERIALIZE_FAILED
    assert len(client.waiting) == 2


def test_neither_call_nor_answer_is_dropped() -> None:
    router = small()
    client = router.clients.connect("clients")
    assert dropped(router.clients.receive(client, packet(SERVER, 1, 0), 0.0)) == "malformed"


def test_silent_clients_get_no_errors() -> None:
    router = small(checks=True)
    client = router.clients.connect("quiet")
    assert dropped(router.clients.receive(client, packet(UNKNOWN), 0.0)) == "silenced"
    assert dropped(router.clients.receive(client, packet(), 0.0)) == "silenced"
    router.clients.name(client, "scott")
    assert forwarded(router.clients.receive(client, packet(), 0.0))
    assert [dropped(action) for action in router.clients.expire(5.0)] == ["silenced"]
    assert not client.waiting
    assert not router.state.refused


def test_only_doors_have_clients_and_only_the_rest_are_sources() -> None:
    router: Router = small()
    with pytest.raises(KeyError):
        router.clients.connect("calls")
    with pytest.raises(KeyError):
        router.services.source("clients")
