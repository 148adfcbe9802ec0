"""Rights of users who are connected: what they may not send or have, and what becomes of a right that is lost."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Never

import pytest

from rtserver.base.bridge.message import Recheck, Refused, Snapshot, Subscribe, Table, Unsubscribe
from rtserver.handlers.ping import PingMsgHandler
from rtserver.user.identity import Identity
from rtserver.user.msg_handler import BaseUserMsgHandler, Data
from rtserver.user.policy import ForbiddenError, Policy, Rights, ServiceRequest
from rtserver.user.user_agent import UserAgent
from tests.user_side import Client, Online


class ByGroup(Policy):
    """A group for each thing, of its name."""

    needs_groups = True

    def may_subscribe(self, user: Identity, service: str, request: ServiceRequest) -> str | bool:
        return request in user.groups or f"only for {request}"

    def may_send(self, user: Identity, msg_type: str) -> bool:
        return msg_type == "ping" or msg_type in user.groups


class Owner:
    """Keeps what it is told of its subscriptions."""

    def __init__(self) -> None:
        self.refused: list[Refused] = []
        self.snapshots: list[Snapshot] = []

    def on_snapshot(self, snapshot: Snapshot) -> None:
        self.snapshots.append(snapshot)

    def on_refused(self, refused: Refused) -> None:
        self.refused.append(refused)


class Secret(BaseUserMsgHandler):
    """Not for everybody."""

    msg_type = "secret"
    request = int

    def on_useragent_msg(self, agent: UserAgent, data: Data) -> str:
        return "told"


def connect(online: Online, *groups: str, user_id: int = 1, session_key: str = "s") -> Client:
    client = online.connect(user_id, "ann", session_key)
    grant(online, *groups, user_id=user_id, session_key=session_key)
    client.agent.on_user(online.site.sessions[session_key])
    return client


def grant(online: Online, *groups: str, user_id: int = 1, session_key: str = "s") -> None:
    """The site puts the user into these groups, and no others."""
    online.site.sessions[session_key] = Identity(user_id, "ann", session_key, frozenset(groups))


@pytest.fixture
def online() -> Online:
    return Online(PingMsgHandler, Secret, rights=Rights(ByGroup()))


def recheck(online: Online, *user_ids: int | str) -> None:
    """Look users up at the site, and carry out all consequences."""

    async def tell() -> None:
        for user_id in user_ids:
            online.users.handle(Recheck(user_id))
        await online.users.wait_rechecked()

    asyncio.run(tell())


def test_a_message_that_may_not_be_sent_is_answered_with_forbidden_and_its_id(online: Online) -> None:
    client = connect(online)
    [error] = client.ask("secret", 1, id="x")
    assert error == {
        "type": "error",
        "id": "x",
        "data": {
            "code": "forbidden",
            "message": 'you may not send messages of type "secret"',
            "type": "secret",
        },
    }
    assert online.users.rights.refusals["send"] == 1
    assert client.wire.is_open


def test_who_may_not_send_a_message_is_not_told_what_it_should_look_like(online: Online) -> None:
    assert connect(online).ask("secret", "no number")[0]["data"]["code"] == "forbidden"
    assert connect(online, "secret", session_key="t").ask("secret", "no number")[0]["data"]["code"] == "bad_request"


def test_who_has_the_right_may_send_it_and_nobody_is_asked_about_types_that_nobody_handles(online: Online) -> None:
    client = connect(online, "secret")
    assert [answer["data"] for answer in client.ask("secret", 1)] == ["told"]
    assert client.ask("nonsense")[0]["data"]["code"] == "unknown_type"
    assert online.users.rights.refusals["send"] == 0


def test_a_subscription_that_is_not_allowed_is_not_asked_of_the_service(online: Online) -> None:
    client = connect(online)
    with pytest.raises(ForbiddenError, match="only for gold"):
        client.agent.subscribe(Owner(), "quotes", "gold")
    assert online.take_posted() == []


def test_a_right_that_is_lost_ends_its_subscription_and_no_other(online: Online) -> None:
    client, owner, other = connect(online, "gold", "iron"), Owner(), Owner()
    ref = client.agent.subscribe(owner, "quotes", "gold")
    online.users.handle(Snapshot(client.agent.id, ref, "t", 0, Table((), ())))
    client.agent.subscribe(other, "quotes", "iron")
    online.take_posted()
    grant(online, "iron")
    recheck(online, 1)
    assert owner.refused == [Refused(client.agent.id, ref, "forbidden", "only for gold")]
    assert other.refused == []
    assert online.take_posted() == [Unsubscribe(client.agent.id, ref, "quotes")]
    assert client.agent.user.groups == {"iron"}


def test_a_subscription_that_waits_for_its_answer_or_its_turn_ends_as_well(online: Online) -> None:
    client, asked, waiting = connect(online, "gold"), Owner(), Owner()
    first = client.agent.subscribe(asked, "quotes", "gold")
    client.agent.subscribe(waiting, "quotes", "gold")
    online.take_posted()
    grant(online)
    recheck(online, 1)
    assert (len(asked.refused), len(waiting.refused)) == (1, 1)
    assert online.take_posted() == [Unsubscribe(client.agent.id, first, "quotes")]
    online.users.handle(Snapshot(client.agent.id, first, "t", 0, Table((), ())))
    assert asked.snapshots == []
    # The place in the queue is free again.
    grant(online, "iron")
    recheck(online, 1)
    ref = client.agent.subscribe(Owner(), "quotes", "iron")
    assert online.take_posted() == [Subscribe(client.agent.id, ref, "quotes", "iron", "1")]


def test_an_owner_that_fails_at_the_end_of_its_subscription_keeps_no_other_alive(
    online: Online, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Owner):
        def on_refused(self, refused: Refused) -> Never:
            raise LookupError("broken owner")

    client, owner = connect(online, "gold"), Owner()
    client.agent.subscribe(Broken(), "quotes", "gold")
    client.agent.subscribe(owner, "quotes", "gold")
    grant(online)
    recheck(online, 1)
    assert len(owner.refused) == 1
    client.leave()
    # The second was not asked for yet.
    assert [type(message) for message in online.posted] == [Subscribe, Unsubscribe]
    assert "broken owner" in caplog.text


def test_an_owner_that_gives_others_up_at_the_end_of_one_is_told_of_none_twice(online: Online) -> None:
    class GivesAllUp(Owner):
        def on_refused(self, refused: Refused) -> None:
            super().on_refused(refused)
            for ref in refs:
                client.agent.unsubscribe(ref)

    client, owner = connect(online, "gold"), GivesAllUp()
    refs = [client.agent.subscribe(owner, "quotes", "gold") for _ in range(3)]
    grant(online)
    recheck(online, 1)
    assert len(owner.refused) == 1


def test_the_timers_recheck_finds_changed_groups_as_well(online: Online) -> None:
    client, owner = connect(online, "gold"), Owner()
    client.agent.subscribe(owner, "quotes", "gold")
    grant(online)
    asyncio.run(online.users.recheck_sessions())
    assert len(owner.refused) == 1


def test_all_tabs_and_sessions_of_the_user_are_judged_and_nobody_elses(online: Online) -> None:
    tabs = [connect(online, "gold", session_key=key) for key in ("a", "a", "b")]
    other = connect(online, "gold", user_id=2, session_key="c")
    owners = [Owner() for _ in (*tabs, other)]
    for client, owner in zip((*tabs, other), owners, strict=True):
        client.agent.subscribe(owner, "quotes", "gold")
    for key, user_id in {"a": 1, "b": 1, "c": 2}.items():
        grant(online, user_id=user_id, session_key=key)
    online.site.asked.clear()
    recheck(online, "1")
    assert [len(owner.refused) for owner in owners] == [1, 1, 1, 0]
    assert online.site.asked == ["a", "b"]
    recheck(online, "*")
    assert len(owners[-1].refused) == 1


def test_users_who_change_during_a_look_up_are_looked_up_together_by_the_next_one(online: Online) -> None:
    for user_id in range(5):
        connect(online, user_id=user_id, session_key=f"s{user_id}")
    rounds: list[Sequence[str]] = []
    look_up_many = online.site.look_up_many

    async def counting(session_keys: Sequence[str]) -> Mapping:
        rounds.append(session_keys)
        await asyncio.sleep(0)
        if len(rounds) == 1:
            for user_id in (1, 2, 2, 3):
                online.users.handle(Recheck(user_id))
        return await look_up_many(session_keys)

    online.site.look_up_many = counting
    recheck(online, 0)
    assert rounds == [("s0",), ("s1", "s2", "s3")]


def test_an_answer_never_undoes_a_newer_one(online: Online) -> None:
    client = connect(online, "gold")
    look_up_many, may_answer = online.site.look_up_many, asyncio.Event()

    async def slow(session_keys: Sequence[str]) -> Mapping:
        answers = await look_up_many(session_keys)
        if not may_answer.is_set():
            await may_answer.wait()
        return answers

    async def race() -> None:
        online.site.look_up_many = slow
        by_timer = asyncio.ensure_future(online.users.recheck_sessions())
        await asyncio.sleep(0)
        grant(online)
        online.users.handle(Recheck(1))
        await asyncio.sleep(0)
        may_answer.set()
        await by_timer
        await online.users.wait_rechecked()

    asyncio.run(race())
    assert client.agent.user.groups == frozenset()


def test_an_agent_that_was_looked_up_before_the_change_is_looked_up_again(online: Online) -> None:
    old = Identity(1, "ann", "s", frozenset({"gold"}))
    connect(online, "gold", session_key="first")

    async def race() -> Client:
        online.users.handle(Recheck(1))
        await online.users.wait_rechecked()
        client = Client(online.users, old)
        grant(online)
        await online.users.wait_rechecked()
        return client

    assert asyncio.run(race()).agent.user.groups == frozenset()
    assert online.site.forgotten == 1
    # A minute later no handshake can have begun before it.
    online.now += 61
    online.site.asked.clear()
    Client(online.users, old)
    assert online.site.asked == []


def test_a_user_who_may_not_log_in_any_more_is_gone_at_once(online: Online) -> None:
    client = connect(online)
    del online.site.sessions["s"]
    recheck(online, 1)
    assert client.wire.closed == (4009, "session closed")


def test_while_nobody_can_tell_everyone_keeps_what_they_have(
    online: Online, caplog: pytest.LogCaptureFixture
) -> None:
    client, owner = connect(online, "gold"), Owner()
    client.agent.subscribe(owner, "quotes", "gold")
    online.site.outage = ConnectionError("no database")
    recheck(online, 1)
    assert owner.refused == []
    assert client.agent.user.groups == {"gold"}
    assert "1 of 1 sessions could not be looked up" in caplog.text


def test_handlers_are_told_of_a_user_who_has_changed_when_the_subscriptions_have_been_judged(online: Online) -> None:
    seen, owner = [], Owner()

    class Told(BaseUserMsgHandler):
        msg_type = "told"

        def on_useragent_change(self, agent: UserAgent) -> None:
            seen.append((agent.user.groups, len(owner.refused)))

    class ToldLater(BaseUserMsgHandler):
        msg_type = "told later"

        async def on_useragent_change(self, agent: UserAgent) -> None:
            await asyncio.sleep(0)
            seen.append("later")

    online = Online(Told, ToldLater, rights=Rights(ByGroup()))
    client = connect(online, "gold")
    client.agent.subscribe(owner, "quotes", "gold")
    grant(online, "iron")

    async def tell() -> None:
        online.users.handle(Recheck(1))
        await online.users.wait_rechecked()
        await online.users.wait_removed()

    asyncio.run(tell())
    assert seen == [({"iron"}, 1), "later"]
    asyncio.run(online.users.recheck_sessions())
    assert len(seen) == 2, "nothing has changed since"


def test_a_handler_that_fails_on_a_change_keeps_no_other_from_it(
    online: Online, caplog: pytest.LogCaptureFixture
) -> None:
    seen = []

    class Broken(BaseUserMsgHandler):
        msg_type = "broken"

        def on_useragent_change(self, agent: UserAgent) -> Never:
            raise LookupError("broken handler")

    class Told(BaseUserMsgHandler):
        msg_type = "told"

        def on_useragent_change(self, agent: UserAgent) -> None:
            seen.append(agent.user.groups)

    online = Online(Broken, Told, rights=Rights(ByGroup()))
    connect(online)
    grant(online, "gold")
    recheck(online, 1)
    assert seen == [{"gold"}]
    assert "broken handler" in caplog.text
