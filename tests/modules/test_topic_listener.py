"""TopicListener: when a membership begins and ends."""

from collections.abc import Iterator
from typing import Never

import pytest

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import Message, Refused, Snapshot, Subscribe, Table, Unsubscribe, Update
from rtserver.modules.topic_listener import TopicListener
from rtserver.user.identity import Identity
from rtserver.user.policy import Policy, Rights, ServiceRequest
from rtserver.user.topic.subscriber import Draw
from tests.user_side import Client, Online, payload_of

EMPTY = Table(("label",), ())


class Watcher:
    """Keeps what it is shown; follows if it is told to, fails if it is told to."""

    picture_is_known = True

    def __init__(self, follows: bool = True, fails: bool = False) -> None:
        self.shown: list[Snapshot] = []
        self.refused: list[Refused] = []
        self.replaced = 0
        self._follows = follows
        self._fails = fails

    def is_prepared(self, snapshot: Snapshot) -> bool:
        return self.picture_is_known

    def prepare(self, snapshot: Snapshot) -> Iterator[None]:
        yield from ()

    def on_picture(self, snapshot: Snapshot) -> tuple[str, Draw] | None:
        if self._fails:
            raise ZeroDivisionError("no picture")
        self.shown.append(snapshot)
        return ("g", lambda update: str(update.seq).encode()) if self._follows else None

    def on_refused(self, refused: Refused) -> None:
        self.refused.append(refused)

    def on_replaced(self) -> None:
        self.replaced += 1


@pytest.fixture(autouse=True, params=[True, False], ids=["known picture", "new picture"])
def _picture(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watcher, "picture_is_known", request.param)


@pytest.fixture
def online() -> Online:
    return Online()


@pytest.fixture
def client(online: Online) -> Client:
    return online.connect()


@pytest.fixture
def listener(client: Client) -> TopicListener:
    return TopicListener(client.agent)


def answer(online: Online, kind: type[Snapshot | Refused] = Snapshot, which: int = -1, topic: str = "t") -> None:
    """The service's answer to the subscription that was posted last, or to another one."""
    asked = [message for message in online.posted if isinstance(message, Subscribe)][which]
    rest = (topic, 1, EMPTY) if kind is Snapshot else ("bad_request", "no")
    online.users.handle(kind(asked.agent, asked.ref, *rest))


def test_listening_asks_the_service(online: Online, client: Client, listener: TopicListener) -> None:
    listener.listen("a", "quotes", {"quote": "X:Y:20130301"}, Watcher())
    [asked] = online.posted
    assert (asked.agent, asked.service, asked.request) == (client.agent.id, "quotes", {"quote": "X:Y:20130301"})
    assert "a" in listener.memberships
    assert len(listener.memberships) == 1


def test_the_picture_comes_first_and_then_what_follows(
    online: Online, client: Client, listener: TopicListener
) -> None:
    watcher = Watcher()
    listener.listen("a", "quotes", {}, watcher)
    online.users.handle(Update("t", 1, ()))
    answer(online)
    online.users.handle(Update("t", 2, ()))
    assert len(watcher.shown) == 1
    assert [payload_of(frame) for frame, _ in client.wire.frames] == [b"2"]


def test_a_watcher_who_wants_no_more_is_released_after_the_picture(
    online: Online, client: Client, listener: TopicListener
) -> None:
    listener.listen("a", "quotes", {}, Watcher(follows=False))
    answer(online)
    assert isinstance(online.posted[-1], Unsubscribe)
    assert (len(listener.memberships), len(online.topics)) == (0, 0)


def test_a_watcher_who_fails_on_the_picture_is_released(
    online: Online, client: Client, listener: TopicListener, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = Watcher(fails=True)
    listener.listen("a", "quotes", {}, watcher)
    answer(online)
    assert [refused.code for refused in watcher.refused] == ["internal"]
    assert (len(listener.memberships), len(online.topics)) == (0, 0)
    assert [type(message) for message in online.posted] == [Subscribe, Unsubscribe]
    assert "no picture" in caplog.text


def test_a_refusal_goes_to_the_watcher_and_ends_the_membership(
    online: Online, client: Client, listener: TopicListener
) -> None:
    watcher = Watcher()
    listener.listen("a", "quotes", {}, watcher)
    answer(online, Refused)
    assert [refused.code for refused in watcher.refused] == ["bad_request"]
    client.leave()
    assert (len(listener.memberships), [type(message) for message in online.posted]) == (0, [Subscribe])


def test_an_answer_to_a_request_that_was_replaced_is_nobodys(
    online: Online, client: Client, listener: TopicListener
) -> None:
    first, second = Watcher(), Watcher()
    listener.listen("a", "quotes", {}, first)
    listener.listen("a", "quotes", {}, second)
    answer(online, which=0)
    assert (first.shown, second.shown) == ([], [])
    answer(online, which=1)
    assert (len(first.shown), len(second.shown)) == (0, 1)
    assert len(listener.memberships) == 1
    assert (first.replaced, second.replaced) == (1, 0)
    listener.unlisten("a")
    assert (first.replaced, second.replaced) == (1, 1)


def test_a_refusal_of_a_request_that_was_replaced_does_not_end_the_new_one(
    online: Online, client: Client, listener: TopicListener
) -> None:
    listener.listen("a", "quotes", {}, Watcher())
    listener.listen("a", "quotes", {}, Watcher())
    answer(online, Refused, which=0)
    assert "a" in listener.memberships


def test_a_request_that_cannot_be_posted_leaves_the_old_membership_as_it_was(
    online: Online, client: Client, listener: TopicListener
) -> None:
    watcher = Watcher()
    listener.listen("a", "quotes", {}, watcher)
    answer(online)

    def closed(message: Message) -> Never:
        raise BridgeClosedError("closed")

    online.on_post = closed
    with pytest.raises(BridgeClosedError):
        listener.listen("a", "quotes", {}, Watcher())
    online.users.handle(Update("t", 2, ()))
    assert len(client.wire.frames) == 1


def test_with_a_rate_what_follows_comes_together(online: Online, client: Client, listener: TopicListener) -> None:
    listener.listen("a", "quotes", {}, Watcher(), 2.0)
    answer(online)
    for seq in (2, 3, 4):
        online.users.handle(Update("t", seq, ((seq, 0),)))
    listener.change_rate("a", 5.0)
    assert [payload_of(frame) for frame, _ in client.wire.frames] == [b"2", b"4"]


def test_a_rate_that_is_changed_before_the_picture_holds_from_the_picture_on(
    online: Online, client: Client, listener: TopicListener
) -> None:
    listener.listen("a", "quotes", {}, Watcher())
    listener.change_rate("a", 2.0)
    answer(online)
    for seq in (2, 3, 4):
        online.users.handle(Update("t", seq, ((seq, 0),)))
    assert [payload_of(frame) for frame, _ in client.wire.frames] == [b"2"]
    with pytest.raises(KeyError):
        listener.change_rate("b", 2.0)


def test_unlistening_ends_one_and_leaves_the_others(online: Online, client: Client, listener: TopicListener) -> None:
    for name, topic in (("a", "t"), ("b", "u")):
        listener.listen(name, "quotes", {}, Watcher())
        answer(online, topic=topic)
    listener.unlisten("a")
    listener.unlisten("never heard of")
    online.users.handle(Update("t", 2, ()))
    online.users.handle(Update("u", 3, ()))
    assert [payload_of(frame) for frame, _ in client.wire.frames] == [b"3"]
    assert "a" not in listener.memberships
    assert "b" in listener.memberships


def test_removing_ends_all(online: Online, client: Client, listener: TopicListener) -> None:
    for name in "abc":
        listener.listen(name, "quotes", {}, Watcher())
        answer(online)
    listener.on_remove()
    assert (len(listener.memberships), len(online.topics)) == (0, 0)
    assert sum(isinstance(message, Unsubscribe) for message in online.posted) == 3


class ByName(Policy):
    """Every user may have what is called like one of the groups."""

    def may_subscribe(self, user: Identity, service: str, request: ServiceRequest) -> bool | str:
        return request["quote"] in user.groups or "not for you"


def test_a_feed_that_the_user_may_not_have_is_refused_and_takes_the_name_from_the_one_before_it() -> None:
    online = Online(rights=Rights(ByName()))
    client = online.connect()
    client.agent.on_user(Identity(1, "ann", "s", frozenset({"gold"})))
    listener, gold, iron = TopicListener(client.agent), Watcher(), Watcher()
    listener.listen("a", "quotes", {"quote": "gold"}, gold)
    answer(online)
    online.take_posted()
    listener.listen("a", "quotes", {"quote": "iron"}, iron)
    assert [(refused.code, refused.message) for refused in iron.refused] == [("forbidden", "not for you")]
    assert gold.refused == []
    assert [type(message) for message in online.take_posted()] == [Unsubscribe]
    assert (len(listener.memberships), online.topics.members) == (0, 0)


def test_a_feed_that_the_user_may_not_have_any_more_is_left_and_refused_once() -> None:
    online = Online(rights=Rights(ByName()))
    client = online.connect()
    client.agent.on_user(Identity(1, "ann", "s", frozenset({"gold"})))
    listener, watcher = TopicListener(client.agent), Watcher()
    listener.listen("a", "quotes", {"quote": "gold"}, watcher)
    answer(online)
    assert online.topics.members == 1
    online.take_posted()
    client.agent.on_user(Identity(1, "ann", "s"))
    assert [refused.code for refused in watcher.refused] == ["forbidden"]
    assert [type(message) for message in online.take_posted()] == [Unsubscribe]
    assert (len(listener.memberships), online.topics.members) == (0, 0)
    client.agent.on_user(Identity(1, "ann", "s", frozenset({"gold"})))
    assert len(watcher.refused) == 1


@pytest.mark.parametrize("follows", [True, False])
def test_a_picture_that_ends_its_connection_ends_everything_once(
    online: Online, client: Client, listener: TopicListener, caplog: pytest.LogCaptureFixture, follows: bool
) -> None:
    class LastStraw(Watcher):
        def on_picture(self, snapshot: Snapshot) -> tuple[str, Draw] | None:
            client.wire.close(4108)
            listener.on_remove()
            return super().on_picture(snapshot)

    listener.listen("a", "quotes", {}, LastStraw(follows))
    listener.listen("b", "quotes", {}, Watcher())
    answer(online, which=0)
    assert (len(listener.memberships), len(online.topics)) == (0, 0)
    assert caplog.records == []


def renewals(online: Online) -> list[int]:
    """The refs of all subscriptions but the first."""
    return [message.ref for message in online.posted if isinstance(message, Subscribe)][1:]


def ended(online: Online) -> list[int]:
    """The refs of the subscriptions that were ended."""
    return [message.ref for message in online.posted if isinstance(message, Unsubscribe)]


def heard(client: Client) -> list[bytes]:
    """Updates that the client was sent."""
    return [payload_of(frame) for frame, _ in client.wire.frames]


@pytest.fixture
def watcher(online: Online, listener: TopicListener) -> Watcher:
    """A watcher of "a" that has its picture."""
    found = Watcher()
    listener.listen("a", "quotes", {}, found, rate=None)
    answer(online)
    return found


def test_updates_go_on_until_the_renewed_picture_comes_and_then_after_it(
    online: Online, client: Client, listener: TopicListener, watcher: Watcher
) -> None:
    listener.renew("a", "quotes", {})
    online.users.handle(Update("t", 2, ((2,),)))
    assert heard(client) == [b"2"]
    assert ended(online) == []
    answer(online)
    assert len(watcher.shown) == 2
    online.users.handle(Update("t", 3, ((3,),)))
    assert heard(client) == [b"2", b"3"]
    assert len(ended(online)) == 1
    assert online.topics.members == 1


def test_a_picture_is_asked_for_once_however_often_it_is_to_be_renewed(
    online: Online, listener: TopicListener, watcher: Watcher
) -> None:
    for _ in range(3):
        listener.renew("a", "quotes", {})
    assert len(renewals(online)) == 1
    answer(online)
    listener.renew("a", "quotes", {})
    assert len(renewals(online)) == 2


def test_a_rate_that_changed_meanwhile_holds_after_the_renewal(
    online: Online, listener: TopicListener, watcher: Watcher
) -> None:
    listener.renew("a", "quotes", {})
    listener.change_rate("a", 1.0)
    answer(online)
    assert listener.memberships["a"].rate == 1.0


@pytest.mark.parametrize("end", ["unlisten", "listen", "remove", "leave"])
def test_what_ends_takes_its_renewal_along(
    online: Online, client: Client, listener: TopicListener, watcher: Watcher, end: str
) -> None:
    client.agent.modules["m"] = listener
    listener.renew("a", "quotes", {})
    [renewal] = renewals(online)
    ends = {
        "unlisten": lambda: listener.unlisten("a"),
        "listen": lambda: listener.listen("a", "quotes", {"other": 1}, Watcher()),
        "remove": listener.on_remove,
        "leave": client.leave,
    }
    ends[end]()
    assert renewal in ended(online)
    answer(online, which=1)
    assert len(watcher.shown) == 1
    assert online.topics.members == 0


def test_a_renewal_that_is_refused_ends_the_subscription_once(
    online: Online, listener: TopicListener, watcher: Watcher
) -> None:
    listener.renew("a", "quotes", {})
    answer(online, Refused)
    assert len(watcher.refused) == 1
    assert listener.memberships == {}
    assert online.topics.members == 0
