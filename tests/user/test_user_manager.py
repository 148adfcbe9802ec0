"""UserManager: who is let in, who is meant, who is thrown out."""

import asyncio
from collections.abc import Sequence
from math import inf
from typing import Never

import pytest

import rtserver
from rtserver.base.bridge.message import (
    CloseSession,
    Deliver,
    Kick,
    Message,
    Refused,
    Snapshot,
    Subscribe,
    Table,
    Unsubscribe,
    Update,
)
from rtserver.base.wire.client_message import encode
from rtserver.handlers.ping import PingMsgHandler
from rtserver.user.delivery import LARGE_BYTES
from rtserver.user.identity import Identity
from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.session.authenticator import LookUpResult
from rtserver.user.session_watch import RECHECKED_TOGETHER
from rtserver.user.user_agent import UserAgent
from tcelib.limit.too_many import UnavailableError
from tests.user_side import Online


class Unheard(Message, frozen=True):
    """A message that the websocket thread has no use for."""


def test_the_first_message_says_who_one_is_and_which_tab() -> None:
    online = Online(PingMsgHandler)
    client = online.open(7, "ann")
    assert client.wire.take() == [
        {
            "type": "userinfo",
            "data": {
                "uid": client.agent.uid,
                "user": {"id": 7, "name": "ann"},
                "server": {"version": rtserver.__version__, "epoch": "e1"},
                "heartbeat_ms": 20_000,
                "offset": None,
            },
        }
    ]


def test_only_the_first_connection_of_a_user_and_the_last_one_are_told() -> None:
    online = Online()
    clients = [online.connect(7), online.connect(7), online.connect("ann")]
    assert online.presence.heard == ["+7", "+ann"]
    clients[0].leave()
    assert online.presence.heard == ["+7", "+ann"]
    clients[1].leave()
    online.connect(7)
    assert online.presence.heard == ["+7", "+ann", "-7", "+7"]


@pytest.mark.parametrize("user_id", [2**53 - 1, 1 - 2**53, 0, "7"])
def test_an_id_that_javascript_reads_exactly_is_told_as_it_is(user_id: int | str) -> None:
    [userinfo] = Online().open(user_id).wire.take()
    assert userinfo["data"]["user"]["id"] == user_id


@pytest.mark.parametrize("user_id", [2**53, 2**53 + 1, -(2**53), 2**63 - 1])
def test_an_id_that_javascript_takes_for_a_neighbour_is_told_as_text(user_id: int) -> None:
    client = Online().open(user_id)
    [userinfo] = client.wire.take()
    assert userinfo["data"]["user"]["id"] == str(user_id)
    assert client.agent.user.user_id == user_id


def test_neighbours_beyond_2_to_the_53_get_their_own_messages() -> None:
    online = Online()
    one, other = online.connect(2**53), online.connect(2**53 + 1)
    online.users.handle(Deliver((2**53, str(2**53 + 1)), b'{"type":"n"}', None))
    online.users.handle(Deliver((2**53 + 1,), b'{"type":"m"}', None))
    assert [[message["type"] for message in client.wire.take()] for client in (one, other)] == [["n"], ["n", "m"]]


def test_userinfo_comes_before_whatever_a_handler_sends_at_the_start() -> None:
    class Greeting(BaseUserMsgHandler):
        msg_type = "greeting"

        def on_useragent_open(self, agent: UserAgent) -> None:
            agent.push_message("hello", "greeting")

    client = Online(Greeting).open()
    assert [message["type"] for message in client.wire.take()] == ["userinfo", "greeting"]


def test_agents_are_found_by_user_whether_the_id_is_a_number_or_text() -> None:
    online = Online()
    ann, ann_too, bob = online.connect(1), online.connect(1), online.connect("bob")
    assert online.users.get_users(1) == online.users.get_users("1") == (ann.agent, ann_too.agent)
    assert online.users.get_users("bob") == (bob.agent,)
    assert online.users.get_users(2) == ()
    assert set(online.users.agents) == {ann.agent.id, ann_too.agent.id, bob.agent.id}
    assert online.users.user_count == 2


def test_a_user_is_gone_when_the_last_connection_is() -> None:
    online = Online()
    first, second = online.connect(1), online.connect(1)
    first.leave()
    assert online.users.get_users(1) == (second.agent,)
    second.leave()
    assert online.users.get_users(1) == ()
    assert (len(online.users.agents), online.users.user_count) == (0, 0)


def test_a_push_reaches_every_tab_of_the_users_it_names_and_nobody_else() -> None:
    online = Online()
    clients = [online.connect(user_id) for user_id in (1, 1, 2, 3)]
    online.users.handle(Deliver((1, "3"), encode("notice", {"text": "hi"}), None))
    notice = {"type": "notice", "data": {"text": "hi"}}
    assert [client.wire.take() for client in clients] == [[notice], [notice], [], [notice]]


def test_a_user_who_is_named_twice_gets_a_push_once() -> None:
    online = Online()
    client = online.connect(1)
    online.users.handle(Deliver((1, "1", 1), encode("notice", 1), None))
    assert len(client.wire.take()) == 1


def test_a_push_to_everyone_reaches_everyone_with_the_same_bytes() -> None:
    online = Online()
    clients = [online.connect(user_id) for user_id in range(5)]
    online.users.handle(Deliver(None, encode("notice", {"text": "hi"}), None))
    frames = [client.wire.frames[0][0] for client in clients]
    assert all(frame is frames[0] for frame in frames)


def test_a_push_to_nobody_and_to_the_unknown_reaches_nobody() -> None:
    online = Online()
    client = online.connect(1)
    online.users.handle(Deliver((), encode("notice", 1), None))
    online.users.handle(Deliver((99,), encode("notice", 1), None))
    assert client.wire.take() == []


def test_a_push_must_arrive_so_it_has_no_key_that_another_could_replace() -> None:
    online = Online()
    client = online.connect(1)
    online.users.handle(Deliver(None, encode("notice", 1), None))
    assert client.wire.frames[0][1] is None


def test_a_kick_closes_every_connection_of_the_user_with_4003() -> None:
    online = Online()
    one, two, other = online.connect(1), online.connect(1), online.connect(2)
    online.users.handle(Kick("1", "abuse"))
    assert one.wire.closed == two.wire.closed == (4003, "abuse")
    assert other.wire.closed is None
    assert online.users.get_users(1) == ()


def test_a_closed_session_ends_its_connections_with_4009_and_no_others() -> None:
    online = Online()
    one, two = online.connect(1, session_key="s1"), online.connect(1, session_key="s1")
    elsewhere = online.connect(1, session_key="s2")
    online.users.handle(CloseSession("s1"))
    assert one.wire.closed == two.wire.closed == (4009, "session closed")
    assert elsewhere.wire.closed is None


def test_a_handshake_that_races_a_logout_loses() -> None:
    online = Online()
    online.site.sessions["s1"] = Identity(1, "ann", "s1")
    online.site.on_look_up = lambda key: online.users.handle(CloseSession(key))
    assert asyncio.run(online.users.authenticate("s1")) is None
    assert online.site.asked == ["s1"]


def test_who_is_known_already_comes_in_at_once_unless_the_session_was_closed() -> None:
    online = Online()
    ann = online.site.known["s1"] = Identity(1, "ann", "s1")
    assert online.users.authenticate("s1") == ann
    online.users.handle(CloseSession("s1"))
    assert online.users.authenticate("s1") is None
    assert online.site.asked == []


def test_a_closed_session_is_remembered_for_a_minute() -> None:
    online = Online()
    online.users.handle(CloseSession("s1"))
    online.now += 60
    assert not may_come(online, "s1")
    online.now += 0.001
    assert may_come(online, "s1")
    assert may_come(online, "s2")


def test_a_session_that_is_closed_again_is_remembered_from_then_on() -> None:
    online = Online()
    online.users.handle(CloseSession("s1"))
    online.now += 50
    online.users.handle(CloseSession("s1"))
    online.now += 50
    assert not may_come(online, "s1")


def test_closed_sessions_are_forgotten_even_if_nobody_asks_for_them() -> None:
    online = Online()
    for number in range(100):
        online.users.handle(CloseSession(f"s{number}"))
        online.now += 10
    assert sum(not may_come(online, f"s{number}") for number in range(100)) == 6
    assert len(online.users._sessions.closed) == 7


def test_an_unknown_session_is_not_let_in() -> None:
    assert asyncio.run(Online().users.authenticate("unknown")) is None


def test_while_nobody_can_tell_a_handshake_may_be_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    online = Online()
    online.site.outage = ConnectionError("no database")
    with pytest.raises(UnavailableError) as caught:
        asyncio.run(online.users.authenticate("s1"))
    assert caught.value.retry_seconds == 5
    assert "no database" not in str(caught.value)
    assert "no database" in caplog.text


def test_a_recheck_asks_once_for_each_session_and_closes_those_that_no_longer_hold() -> None:
    online = Online()
    clients = [online.connect(user_id, session_key=key) for user_id, key in ((1, "a"), (1, "a"), (2, "b"), (3, "c"))]
    del online.site.sessions["a"]
    asyncio.run(online.users.recheck_sessions())
    assert sorted(online.site.asked) == ["a", "b", "c"]
    assert [client.wire.closed and client.wire.closed[0] for client in clients] == [4009, 4009, None, None]


def test_a_session_that_has_become_another_users_no_longer_holds() -> None:
    online = Online()
    client = online.connect(1, session_key="a")
    online.site.sessions["a"] = Identity(2, "bob", "a")
    asyncio.run(online.users.recheck_sessions())
    assert client.wire.closed == (4009, "session closed")


def test_after_a_recheck_that_ended_a_session_nobody_is_let_in_by_what_was_known_before() -> None:
    online = Online()
    for key in ("a", "b"):
        online.connect(1, session_key=key)
    asyncio.run(online.users.recheck_sessions())
    assert online.site.forgotten == 0
    del online.site.sessions["a"]
    asyncio.run(online.users.recheck_sessions())
    assert online.site.forgotten == 1


def test_a_user_id_that_comes_back_as_text_is_the_same_user() -> None:
    online = Online()
    client = online.connect(1, session_key="a")
    online.site.sessions["a"] = Identity("1", "ann", "a")
    asyncio.run(online.users.recheck_sessions())
    assert client.wire.is_open


def test_a_recheck_that_cannot_look_up_throws_nobody_out_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    online = Online()
    clients = [online.connect(number) for number in range(5)]
    online.site.sessions.clear()
    online.site.outage = ConnectionError("no database")
    asyncio.run(online.users.recheck_sessions())
    assert all(client.wire.is_open for client in clients)
    assert len(caplog.records) == 1
    assert "5 of 5 sessions" in caplog.text
    assert "no database" in caplog.text


def test_a_recheck_of_many_sessions_asks_for_some_at_a_time() -> None:
    online = Online()
    asked = []
    look_up_many = online.site.look_up_many

    async def noting(session_keys: Sequence[str]) -> dict[str, LookUpResult]:
        asked.append(len(session_keys))
        return await look_up_many(session_keys)

    online.site.look_up_many = noting
    clients = [online.connect(number) for number in range(2 * RECHECKED_TOGETHER + 1)]
    del online.site.sessions[clients[-1].agent.session_key]
    asyncio.run(online.users.recheck_sessions())
    assert asked == [RECHECKED_TOGETHER, RECHECKED_TOGETHER, 1]
    assert [client.wire.is_open for client in clients] == [True] * 2 * RECHECKED_TOGETHER + [False]


def test_a_recheck_that_is_not_carried_out_throws_nobody_out(caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(session_keys: Sequence[str]) -> Never:
        raise RuntimeError("the executor is shut down")

    online = Online()
    client = online.connect()
    online.site.look_up_many = refuse
    asyncio.run(online.users.recheck_sessions())
    assert client.wire.is_open
    assert "1 of 1 sessions" in caplog.text


def test_one_session_that_cannot_be_looked_up_does_not_save_the_others(caplog: pytest.LogCaptureFixture) -> None:
    online = Online()
    clients = {key: online.connect(1, session_key=key) for key in "abc"}
    online.site.outage, online.site.broken = ValueError("odd"), {"a"}
    online.site.sessions.clear()
    asyncio.run(online.users.recheck_sessions())
    assert {key: client.wire.is_open for key, client in clients.items()} == {"a": True, "b": False, "c": False}
    assert "1 of 3 sessions" in caplog.text


def test_connections_may_come_and_go_during_a_recheck() -> None:
    online = Online()
    first = online.connect(1, session_key="a")
    second = online.connect(2, session_key="b")
    look_up_many = online.site.look_up_many

    async def slow(session_keys: Sequence[str]) -> dict[str, LookUpResult]:
        outcomes = await look_up_many(session_keys)
        second.leave()
        online.connect(3, session_key="c")
        return outcomes

    online.site.look_up_many = slow
    asyncio.run(online.users.recheck_sessions())
    assert first.wire.is_open
    assert online.users.user_count == 2


def test_a_client_is_told_that_it_lags_and_that_it_has_caught_up() -> None:
    online = Online()
    client = online.connect()
    online.users.on_lag(client.agent, True)
    online.users.on_lag(client.agent, False)
    keys = {key for _, key in client.wire.frames}
    assert len(keys) == 1
    assert None not in keys
    assert client.wire.take() == [
        {"type": "notice", "data": {"code": "lag", "lagging": True}},
        {"type": "notice", "data": {"code": "lag", "lagging": False}},
    ]


def test_a_token_is_looked_up_like_a_cookie_and_refused_once_it_was_closed() -> None:
    online = Online()
    ann = online.site.sessions["rtserver:t"] = Identity(1, "ann", "rtserver:t")
    assert asyncio.run(online.users.authenticate("rtserver:t")) == ann
    assert asyncio.run(online.users.authenticate("rtserver:u")) is None
    online.users.handle(CloseSession("rtserver:t"))
    assert asyncio.run(online.users.authenticate("rtserver:t")) is None


def test_a_request_without_a_session_has_no_credential() -> None:
    online = Online()
    assert [online.users.credential(request) for request in ("", "any")] == [None, "any"]


def test_a_handler_that_closes_the_connection_at_its_start_leaves_nothing_behind() -> None:
    class Doorkeeper(BaseUserMsgHandler):
        msg_type = "door"
        removed = 0

        def on_useragent_open(self, agent: UserAgent) -> None:
            agent.kick(4129, "too many")

        def on_useragent_remove(self, agent: UserAgent) -> None:
            self.removed += 1

    online = Online(Doorkeeper)
    client = online.open()
    assert client.agent is None
    assert client.wire.closed == (4129, "too many")
    assert not online.users.agents
    assert online.users.table.handlers["door"].removed == 1


def test_what_is_for_an_agent_that_has_gone_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    online = Online()
    client = online.connect()
    number = client.agent.id
    client.leave()
    online.users.handle(Snapshot(number, 1, "t", 1, Table((), ())))
    online.users.handle(Refused(number, 1, "bad_request", "no"))
    online.users.handle(Update("t", 1, ()))
    assert not caplog.records


@pytest.mark.parametrize("message", [Unheard(), Deliver(5, b"not users", None)])
def test_a_message_that_cannot_be_handled_is_logged_and_the_next_one_is_handled(
    message: Unheard | Deliver, caplog: pytest.LogCaptureFixture
) -> None:
    online = Online()
    client = online.connect()
    online.users.handle(message)
    online.users.handle(Deliver(None, encode("notice", 1), None))
    assert len(client.wire.take()) == 1
    assert type(message).__name__ in caplog.text


@pytest.mark.parametrize("error", [SystemExit(0), KeyboardInterrupt(), asyncio.CancelledError()], ids=repr)
def test_whatever_a_module_raises_at_a_message_the_next_one_is_handled(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    class Module:
        def on_snapshot(self, snapshot: Snapshot) -> Never:
            raise error

        def on_refused(self, refused: Refused) -> Never:
            raise error

    online = Online()
    client = online.connect()
    first, second = (client.agent.subscribe(Module(), "quotes", {}) for _ in range(2))
    online.users.handle(Snapshot(client.agent.id, first, "t", 1, Table((), ())))
    online.users.handle(Refused(client.agent.id, second, "internal", "no"))
    client.leave()
    assert [type(message) for message in online.posted] == [Subscribe, Unsubscribe, Subscribe]
    assert caplog.text.count(f"{type(error).__name__}") >= 2


@pytest.mark.parametrize(("size", "cost"), [(LARGE_BYTES, 1), (LARGE_BYTES + 1, inf)])
def test_sockets_are_written_after_a_large_message(size: int, cost: float) -> None:
    assert Online().users.handle(Deliver(None, b"x" * size, None)) == cost


def test_two_managers_in_one_process_do_not_meet() -> None:
    one, two = Online(PingMsgHandler), Online(PingMsgHandler)
    client = one.connect(1)
    two.users.handle(Deliver(None, encode("notice", 1), None))
    two.users.handle(Kick(1, ""))
    assert client.wire.take() == []
    assert client.wire.is_open


def may_come(online: Online, key: str) -> bool:
    """Tell if a session that the site still knows is let in."""
    online.site.sessions[key] = Identity(1, "ann", key)
    return asyncio.run(online.users.authenticate(key)) is not None
