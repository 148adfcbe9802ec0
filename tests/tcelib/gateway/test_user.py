"""Users of a gateway: their ids, several connections of one, and connections that change theirs."""

import pytest

from tcelib.gateway.client import MOST_FORMER, Client
from tcelib.gateway.router import Router
from tcelib.gateway.user_id import COUNTER_BITS, MOST_GATEWAYS, UserIds
from tcelib.wire.message import RpcMessage
from tests.tcelib.gateway.rig import (
    ONE_WAY,
    SERVER,
    TERMINAL,
    answer,
    body,
    delivered,
    dropped,
    forwarded,
    packet,
    small,
)


def call(router: Router, client: Client, sequence: int = 7) -> bytes:
    return forwarded(router.clients.receive(client, packet(SERVER, sequence), 0.0))


def named(router: Router, user_id: str) -> Client:
    client = router.clients.connect("clients")
    router.clients.name(client, user_id)
    return client


def is_pushed_to(router: Router, user_id: str) -> Client | None:
    push = body(TERMINAL, 1, ONE_WAY, extra={"__user_id__": user_id})
    return router.services.receive(router.services.source("answers"), push)[1]


def test_ids_of_two_gateways_never_meet_and_fit_into_63_bits() -> None:
    first, second, last = UserIds(0), UserIds(1), UserIds(MOST_GATEWAYS - 1)
    assert [first.make(), first.make()] == ["1", "2"]
    assert second.make() == str(2**40 + 1)
    assert 2**62 < int(last.make()) < 2**63


def test_a_gateway_that_has_another_number_gives_ids_of_it_from_then_on() -> None:
    router = small(gateway=1)
    before = router.clients.connect("clients")
    router.clients.use_number(2)
    after = router.clients.connect("clients")
    assert [before.user_id, after.user_id] == [str(2**40 + 1), str(2 * 2**40 + 1)]
    with pytest.raises(ValueError, match="from 0 to"):
        router.clients.use_number(MOST_GATEWAYS)


def test_a_gateway_that_has_used_all_its_ids_says_so_instead_of_taking_anothers() -> None:
    ids = UserIds(3)
    ids._next = (4 << COUNTER_BITS) - 2
    assert int(ids.make()) == (4 << COUNTER_BITS) - 1
    with pytest.raises(OverflowError):
        ids.make()


@pytest.mark.parametrize("gateway", [-1, MOST_GATEWAYS])
def test_a_number_that_leaves_no_room_is_refused(gateway: int) -> None:
    with pytest.raises(ValueError, match="from 0 to 8388607"):
        UserIds(gateway)


def test_each_connection_has_an_id_unless_ids_are_checked() -> None:
    router = small(gateway=5)
    assert [router.clients.connect("clients").user_id for _ in range(2)] == [str((5 << 40) + 1), str((5 << 40) + 2)]
    assert not small(checks=True).clients.connect("clients").user_id


@pytest.mark.parametrize(("user_id", "reason"), [("", "not empty"), ("\ud800", "surrogates not allowed")])
def test_an_id_that_would_not_come_back_is_refused(user_id: str, reason: str) -> None:
    router = small()
    client = router.clients.connect("clients")
    with pytest.raises(ValueError, match=reason):
        router.clients.name(client, user_id)
    assert is_pushed_to(router, "1") is client


def test_the_last_connection_of_a_user_is_pushed_to_and_then_the_one_before() -> None:
    router = small()
    first, second = named(router, "scott"), named(router, "scott")
    assert is_pushed_to(router, "scott") is second
    assert router.clients.find("clients", "scott") is second
    router.clients.disconnect(second)
    assert is_pushed_to(router, "scott") is first
    router.clients.disconnect(first)
    assert is_pushed_to(router, "scott") is None
    assert router.clients.find("clients", "scott") is None


def test_a_connection_that_was_replaced_may_go_without_harm() -> None:
    router = small()
    first, second = named(router, "scott"), named(router, "scott")
    router.clients.disconnect(first)
    assert is_pushed_to(router, "scott") is second


def test_two_pages_of_one_user_that_count_alike_get_their_own_answers() -> None:
    router = small()
    first, second = named(router, "scott"), named(router, "scott")
    calls = call(router, first), call(router, second)
    source = router.services.source("answers")
    assert delivered(router.services.receive(source, answer(calls[0], b"first")), first).paramstream == b"first"
    assert delivered(router.services.receive(source, answer(calls[1], b"second")), second).paramstream == b"second"


def test_the_answer_to_a_page_that_is_gone_is_not_taken_for_that_of_the_next_page() -> None:
    router = small()
    first = named(router, "scott")
    old = call(router, first, 0)
    router.clients.disconnect(first)
    second = named(router, "scott")
    new = call(router, second, 0)
    source = router.services.source("answers")
    assert dropped(router.services.receive(source, answer(old, b"old"))) == "late"
    assert delivered(router.services.receive(source, answer(new, b"new")), second).paramstream == b"new"


def test_what_tells_connections_apart_is_not_seen_by_clients() -> None:
    router = small()
    named(router, "scott")
    second = named(router, "scott")
    sent = forwarded(router.clients.receive(second, packet(call_id=0x21), 0.0))
    assert RpcMessage.parse(sent).call_id != 0x8021
    got = delivered(router.services.receive(router.services.source("answers"), answer(sent)), second)
    assert got.call_id == 0x8021


def test_answers_of_calls_before_a_log_in_still_arrive() -> None:
    router = small()
    client = router.clients.connect("clients")
    before = call(router, client, 7)
    router.clients.name(client, "scott")
    after = call(router, client, 8)
    source = router.services.source("answers")
    assert delivered(router.services.receive(source, answer(after)), client).sequence == 8
    assert delivered(router.services.receive(source, answer(before)), client).sequence == 7
    assert is_pushed_to(router, "1") is None
    assert is_pushed_to(router, "scott") is client


def test_a_client_that_changes_its_id_for_ever_takes_no_more_room() -> None:
    router = small(most_waiting=100)
    client = router.clients.connect("clients")
    calls = []
    for number in range(3 * MOST_FORMER):
        calls.append(call(router, client, number))
        router.clients.name(client, f"user {number}")
    assert len(client.former) == MOST_FORMER
    assert len(client.door.others) == MOST_FORMER
    source = router.services.source("answers")
    assert dropped(router.services.receive(source, answer(calls[0]))) == "late"
    assert delivered(router.services.receive(source, answer(calls[-1])), client)
    router.clients.disconnect(client)
    assert not client.door.others
    assert not client.door.homes
    assert not client.door.clients


def test_going_back_to_a_former_id_leaves_nothing_behind() -> None:
    router = small(most_waiting=100)
    client = router.clients.connect("clients")
    for number in range(6):
        call(router, client, number)
        router.clients.name(client, "ab"[number % 2])
    assert is_pushed_to(router, "b") is client
    assert is_pushed_to(router, "a") is None
    router.clients.disconnect(client)
    assert not client.door.others
    assert not client.door.homes


def test_after_all_marks_are_used_they_begin_again() -> None:
    router = small()
    client = router.clients.connect("clients")
    marks = set()
    for _ in range(0x7FFF + 2):
        router.clients.name(client, "scott")
        marks.add(client.mark)
    assert (min(marks), max(marks), client.mark) == (1, 0x7FFF, 2)
