"""Messages of services: answers find the call that waits, pushes the user, and nothing goes to anybody else."""

import pytest

from tcelib.error import RPCERROR_SENDFAILED
from tcelib.gateway.action import SERVE
from tcelib.gateway.verb import Verb
from tcelib.wire.message import CALL, RETURN, RpcMessage, parse_body
from tests.tcelib.gateway.rig import (
    ONE_WAY,
    SERVER,
    TERMINAL,
    UNKNOWN,
    answer,
    answered,
    body,
    delivered,
    dropped,
    forwarded,
    packet,
    small,
)

TCP = 4


@pytest.mark.parametrize("keeps", [None, ("__user_id__",)], ids=["as Python", "as Java"])
def test_an_answer_is_delivered_once_as_it_is(keeps: tuple[str, ...] | None) -> None:
    router = small()
    client = router.clients.connect("clients")
    sent = answer(forwarded(router.clients.receive(client, packet(extra={"a": "b"}), 0.0)), keeps=keeps)
    source = router.services.source("answers")
    assert router.services.receive(source, sent) == (Verb.DELIVER, client, "", sent)
    assert dropped(router.services.receive(source, sent)) == "late"
    assert not client.waiting


def test_the_caller_of_an_answer_that_is_too_long_gets_an_error_and_a_push_is_dropped() -> None:
    router = small()
    client = router.clients.connect("clients")
    sent = answer(forwarded(router.clients.receive(client, packet(call_id=5), 0.0)))
    _, _, _, too_long = router.services.receive(router.services.source("answers"), sent)
    error = answered(router.services.undelivered(client, too_long), client)
    assert (error.sequence, error.ifidx, error.call_id & 0x7FFF, error.errcode) == (7, SERVER, 5, RPCERROR_SENDFAILED)
    assert dropped(router.services.undelivered(client, body(TERMINAL, 7, ONE_WAY))) == "too_long"
    assert router.state.dropped["too_long"] == 2


def test_a_client_that_takes_errors_for_answers_is_not_told_of_one_that_is_too_long() -> None:
    router = small()
    quiet = router.clients.connect("quiet")
    assert dropped(router.services.undelivered(quiet, body(SERVER, 7, RETURN))) == "too_long"


def test_answers_may_come_in_any_order() -> None:
    router = small(most_waiting=10)
    clients = [router.clients.connect("clients") for _ in range(2)]
    calls = [
        (client, forwarded(router.clients.receive(client, packet(SERVER, sequence), 0.0)))
        for sequence in (1, 2, 3)
        for client in clients
    ]
    source = router.services.source("answers")
    for client, call in reversed(calls):
        message = delivered(router.services.receive(source, answer(call, call[-9:])), client)
        assert message.sequence == RpcMessage.parse(call).sequence


def test_an_error_of_a_service_is_delivered_but_not_to_a_silent_client() -> None:
    router = small()
    source = router.services.source("answers")
    client = router.clients.connect("clients")
    error = answer(forwarded(router.clients.receive(client, packet(), 0.0)), b"", errcode=6)
    assert delivered(router.services.receive(source, error), client).errcode == 6


def test_an_answer_without_bit_15_is_for_a_call_of_this_program() -> None:
    router = small()
    assert router.services.receive(router.services.source("answers"), body(SERVER, 1, RETURN)) is SERVE


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (body(SERVER, 7, RETURN, call_id=0x8000), "late"),
        (body(SERVER, 7, RETURN, call_id=0x8000, extra={"__user_id__": "2"}), "late"),
        (body(SERVER, 8, RETURN, call_id=0x8000, extra={"__user_id__": "1"}), "late"),
        (body(SERVER, 7, RETURN, call_id=0x8001, extra={"__user_id__": "1"}), "late"),
        (body(UNKNOWN, 7, RETURN, call_id=0x8000, extra={"__user_id__": "1"}), "no_route"),
        (body(SERVER, 7, RETURN, call_id=0x8000, extra={"__user_id__": "1"}, params=b"")[:-1], "malformed"),
        (body(SERVER, 7, RETURN, call_id=0x8000, extra={"a": "b", "__user_id__": "1"}, params=b"")[:-1], "malformed"),
        (body(SERVER, 7, 0), "malformed"),
        (b"", "malformed"),
        (bytes(20), "malformed"),
    ],
)
def test_an_answer_to_no_call_that_waits_goes_to_nobody(message: bytes, reason: str) -> None:
    router = small()
    client = router.clients.connect("clients")
    forwarded(router.clients.receive(client, packet(), 0.0))
    assert dropped(router.services.receive(router.services.source("answers"), message)) == reason
    assert len(client.waiting) == 1


def test_a_push_is_delivered_to_its_user() -> None:
    router = small()
    router.clients.connect("clients")
    client = router.clients.connect("clients")
    push = body(TERMINAL, 1, ONE_WAY, extra={"x": "y", "__user_id__": "2"})
    message = delivered(router.services.receive(router.services.source("topic"), push), client)
    assert message.call_id == 0x8000
    assert (message.extra.props, message.paramstream) == ({"x": "y", "__user_id__": "2"}, b"params")


@pytest.mark.parametrize("extra", [{}, {"__user_id__": "0"}, {"__user_id__": "77"}])
@pytest.mark.parametrize("source", ["answers", "topic"])
def test_a_push_to_nobody_is_dropped(extra: dict[str, str], source: str) -> None:
    router = small()
    router.clients.connect("clients")
    push = body(TERMINAL, 1, ONE_WAY, extra=extra)
    assert dropped(router.services.receive(router.services.source(source), push)) == "not_here"


def test_a_service_that_waits_for_a_user_who_is_gone_is_told_over_the_queue_that_it_names() -> None:
    router = small()
    extra = {"__mq_return__": "back", "__user_id__": "77"}
    call = body(TERMINAL, 5, CALL, call_id=3, extra=extra)
    error = RpcMessage.parse(forwarded(router.services.receive(router.services.source("answers"), call), "back"))
    assert (error.calltype, error.sequence, error.ifidx, error.errcode, error.call_id) == (RETURN, 5, TERMINAL, 4, 3)
    assert error.extra.props == {"__user_id__": "77"}


@pytest.mark.parametrize(
    ("source", "extra"),
    [("topic", {"__mq_return__": "back"}), ("answers", {"__mq_return__": "answers"}), ("answers", {})],
    ids=["others may have the user", "not written here", "no name"],
)
def test_a_service_is_told_nothing_where_that_would_be_wrong(source: str, extra: dict[str, str]) -> None:
    router = small()
    call = body(TERMINAL, 5, CALL, extra=extra)
    assert dropped(router.services.receive(router.services.source(source), call)) == "not_here"


def test_a_call_of_a_service_is_served_here_passed_on_or_refused() -> None:
    router = small()
    services = router.services
    source = services.source("back")
    passed = services.receive(source, body(SERVER, 1, CALL, extra={"__mq_return__": "theirs", "a": "b"}))
    message = RpcMessage.parse(forwarded(passed))
    assert (message.call_id, message.extra.props) == (0x8000, {"__mq_return__": "answers", "a": "b"})
    assert dropped(services.receive(source, body(UNKNOWN, 1, CALL))) == "no_route"
    router.state.local |= {SERVER}
    assert services.receive(source, body(SERVER, 1, CALL)) is SERVE


def test_an_answer_may_go_on_to_another_queue() -> None:
    router = small()
    message = body(TERMINAL, 1, RETURN, call_id=0x8000)
    source = router.services.source("answers")
    assert router.services.receive(source, message) == (Verb.WRITE, None, "back", message)


def test_a_service_over_tcp_answers_over_its_connection() -> None:
    router = small()
    client = router.clients.connect("clients")
    _, _, _, call = router.clients.receive(client, packet(TCP), 0.0)
    source = router.services.source("service")
    sent = answer(call)
    assert router.services.receive_packet(source, parse_body(sent))[1:] == (client, "", sent)


def test_a_call_to_a_user_who_is_not_here_is_passed_on_where_users_are_found() -> None:
    router = small(checks=True)
    push = body(TERMINAL, 7, ONE_WAY, extra={"__user_id__": "ann"})
    sources = {name: router.services.source(name) for name in ("answers", "topic")}
    assert dropped(router.services.receive(sources["answers"], push)) == "not_here"
    router.state.finds_users = True
    assert router.services.receive(sources["answers"], push) == (Verb.PASS, None, "ann", push)
    assert dropped(router.services.receive(sources["topic"], push)) == "not_here"
    assert dropped(router.services.receive(sources["answers"], body(TERMINAL, 7, ONE_WAY))) == "not_here"
    assert (
        router.services.receive(sources["answers"], body(TERMINAL, 7, extra={"__user_id__": "ann"}))[0] is Verb.DROP
    )


def test_an_inbox_takes_what_any_queue_would_push_and_delivers_at_any_endpoint() -> None:
    router = small(checks=True)
    inbox = router.state.table.inbox("inbox")
    client = router.clients.connect("clients")
    router.clients.name(client, "ann")
    delivered(router.services.receive(inbox, body(TERMINAL, 7, ONE_WAY, extra={"__user_id__": "ann"})), client)
    assert (
        dropped(router.services.receive(inbox, body(SERVER, 7, ONE_WAY, extra={"__user_id__": "ann"}))) == "no_route"
    )
