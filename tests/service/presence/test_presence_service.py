"""The service of presence: answers, differences, pages, and clients that come back on another server."""

import random

import msgspec
import pytest

from rtserver.base.bridge.message import Refused, Snapshot, Update
from rtserver.service.message import BadData
from rtserver.service.presence.listing import PAGE, ROW
from rtserver.service.presence.presence_topic import KEPT_EVENTS, MOST_EVENTS
from tcelib.lease.port import RegistryRefusedError
from tests.service.presence.scene import Page, Registry, Server


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def server(registry: Registry) -> Server:
    return Server(registry, "one")


def listed(answer: Snapshot | Refused | None) -> set[str]:
    assert isinstance(answer, Snapshot)
    users: list[str] = msgspec.json.decode(answer.payload)["users"]
    assert len(users) == len(set(users))
    return set(users)


def test_the_first_subscriber_waits_for_the_first_look(server: Server) -> None:
    server.hold("1", "2")
    assert server.subscribe() is None
    assert server.wanted.is_set
    server.turn()
    answer = server.answer()
    assert listed(answer) == {"1", "2"}
    assert isinstance(answer, Snapshot)
    assert answer.epoch == server.follower.epoch


def test_a_later_one_is_answered_at_once(server: Server) -> None:
    server.hold("1")
    server.subscribe()
    server.turn()
    assert listed(server.subscribe(agent=2)) == {"1"}


def test_a_join_is_told_at_once_and_a_second_one_a_second_later(registry: Registry, server: Server) -> None:
    server.subscribe()
    server.turn()
    server.take()
    server.hold("1")
    server.turn()
    assert server.updates() == [{"joins": ["1"], "leaves": [], "count": 1}]
    for user in ("2", "3"):
        server.hold(user)
        server.turn()
    assert server.updates() == []
    registry.wait(1)
    server.turn()
    assert server.updates() == [{"joins": ["2", "3"], "leaves": [], "count": 3}]


def test_a_flood_of_logins_makes_one_difference_a_second(registry: Registry, server: Server) -> None:
    server.subscribe()
    server.turn()
    server.take()
    messages = 0
    for number in range(300):
        server.hold(*(f"{number}-{item}" for item in range(30)))
        registry.wait(0.01)
        server.turn()
        messages += len(server.take())
    assert messages <= 4


def test_a_client_that_flaps_five_times_in_eight_seconds_makes_no_message(registry: Registry, server: Server) -> None:
    other = Server(registry, "two")
    server.hold("1")
    server.subscribe()
    server.turn()
    server.take()
    for here, there in [(server, other), (other, server)] * 2 + [(server, other)]:
        here.drop("1")
        registry.wait(0.8)
        server.turn()
        there.hold("1")
        registry.wait(0.8)
        server.turn()
    for _ in range(60):
        registry.wait(1)
        server.turn()
    assert server.take() == []


def test_a_large_difference_comes_in_rows_and_the_rest_a_second_later(registry: Registry, server: Server) -> None:
    page = Page()
    server.subscribe()
    server.turn()
    assert page.take(server.take())
    users = [f"{number}" for number in range(MOST_EVENTS + ROW // 2)]
    for first in range(0, len(users), 1_000):
        registry.leases.hold(server.number, "user", users[first : first + 1_000])
    server.turn()
    posted = server.take()
    [update] = [each for each in posted if isinstance(each, Update)]
    assert len(update.payload) == MOST_EVENTS // ROW
    assert page.take(posted)
    half = page.place
    assert len(page.users) == MOST_EVENTS
    registry.wait(1)
    server.turn()
    assert page.take(server.take())
    assert page.users == set(users)
    assert half is not None
    at_ms = registry.leases.recent(0)[-1].at_ms
    assert half[1] < at_ms, "who has only a part of a moment's events gets all of them once more"


def test_too_many_events_make_all_ask_for_a_listing(
    registry: Registry, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rtserver.service.presence.presence_topic.MOST_PENDING", 2 * MOST_EVENTS - 1)
    server.subscribe()
    server.turn()
    server.take()
    for first in range(0, 3 * MOST_EVENTS, 1_000):
        registry.leases.hold(server.number, "user", [f"{first + item}" for item in range(1_000)])
    server.turn()
    [update] = server.take()
    assert isinstance(update, Update)
    assert update.needs_picture


def test_a_listing_comes_in_pages_of_one_moment(registry: Registry, server: Server) -> None:
    users = {f"{number}" for number in range(2 * PAGE + 10)}
    for user in users:
        registry.leases.hold(server.number, "user", [user])
    server.subscribe()
    server.turn()
    answer = server.answer()
    assert isinstance(answer, Snapshot)
    head = msgspec.json.decode(answer.payload)
    assert (head["count"], head["pages"], len(head["users"])) == (len(users), 3, PAGE)
    server.hold("new")
    server.turn()
    found = set(head["users"])
    for number in (1, 2):
        found |= listed(server.subscribe({"scope": "all", "at": head["at"], "page": number}, ref=9))
        server.unsubscribe(ref=9)
    assert found == users
    gone = server.subscribe({"scope": "all", "at": head["at"] - 1, "page": 1}, ref=9)
    assert isinstance(gone, Refused)
    assert isinstance(server.subscribe({"scope": "all", "at": head["at"], "page": 3}, ref=9), Refused)
    later = server.subscribe(agent=2)
    assert isinstance(later, Snapshot)
    assert msgspec.json.decode(later.payload)["at"] == head["at"]
    assert [msgspec.json.decode(data)["joins"] for _, data in later.later] == [["new"]]


@pytest.mark.parametrize(
    "request_",
    [{}, {"scope": "group:other"}, {"scope": "channel:"}, {"scope": "channel:a\nb"}, {"scope": "channels"}, "all"],
)
def test_a_scope_that_is_not_offered_is_refused(server: Server, request_: object) -> None:
    refused = server.subscribe(request_)
    assert isinstance(refused, Refused)
    assert refused.code == "bad_request"


def test_whoever_follows_a_channel_is_in_it(registry: Registry, server: Server) -> None:
    other = Server(registry, "two")
    server.subscribe({"scope": "channel:a"}, user="7")
    server.turn()
    other.subscribe({"scope": "channel:a"}, user="8")
    other.subscribe({"scope": "channel:a"}, user="8", ref=2)
    other.subscribe({"scope": "channel:a", "join": False}, user="9", ref=3)
    for each in (server, other):
        each.turn()
    assert listed(other.subscribe({"scope": "channel:a", "join": False}, ref=4)) == {"7", "8"}
    other.unsubscribe(ref=1)
    for seconds in (11, 11):
        registry.wait(seconds)
        server.turn()
        assert set(server.follower.table.present("channel:a")) == ({"7", "8"} if other.service.viewers > 2 else {"7"})
        other.unsubscribe(ref=2)


def test_a_server_whose_viewers_have_gone_rests_and_forgets(registry: Registry, server: Server) -> None:
    server.subscribe()
    server.turn()
    server.unsubscribe()
    registry.wait(59)
    server.ring()
    assert server.service.is_wanted
    registry.wait(2)
    server.ring()
    assert not server.service.is_wanted


def test_a_topic_goes_on_for_who_is_back_in_time(registry: Registry, server: Server) -> None:
    server.subscribe()
    server.turn()
    server.unsubscribe()
    registry.wait(30)
    server.subscribe()
    registry.wait(40)
    server.ring()
    assert server.service.is_wanted


def test_a_subscription_that_is_given_up_before_the_first_look_gets_no_answer(server: Server) -> None:
    server.subscribe()
    server.unsubscribe()
    server.turn()
    assert server.take() == []
    assert not server.service.is_wanted


def test_a_client_that_comes_back_elsewhere_gets_what_it_lacks(registry: Registry, server: Server) -> None:
    other, page = Server(registry, "two"), Page()
    server.hold("1")
    server.subscribe()
    server.turn()
    other.subscribe(agent=2)
    other.turn()
    assert page.take(server.take())
    registry.wait(5)
    server.hold("2")
    for each in (server, other):
        each.turn()
    assert page.take(server.take())
    server.hold("3")
    other.take()
    registry.wait(2)
    other.turn()
    other.take()
    other.subscribe(known=page.place)
    assert page.take(other.take())
    assert (page.users, page.listings) == ({"1", "2", "3"}, 1)
    other.hold("4")
    registry.wait(2)
    other.turn()
    assert page.take(other.take())
    assert page.users == {"1", "2", "3", "4"}


def test_a_client_that_is_ahead_of_a_server_waits_for_its_next_look(registry: Registry, server: Server) -> None:
    other, page = Server(registry, "two"), Page()
    for each in (server, other):
        each.subscribe(ref=3)
        each.turn()
    server.subscribe()
    page.take(server.take())
    registry.wait(1)
    server.hold("1")
    server.turn()
    page.take(server.take())
    other.take()
    assert other.subscribe(known=page.place) is None
    other.turn()
    assert page.take(other.take())
    assert (page.users, page.listings) == ({"1"}, 1)


def test_a_client_of_another_epoch_or_of_long_ago_gets_a_listing(registry: Registry, server: Server) -> None:
    server.hold("1")
    server.subscribe()
    server.turn()
    epoch, now_ms = server.follower.epoch, server.follower.table.now_ms
    assert listed(server.subscribe(agent=2, known=("other", now_ms))) == {"1"}
    assert listed(server.subscribe(agent=3, known=(epoch, now_ms - 1_000_000))) == {"1"}
    for first in range(0, KEPT_EVENTS + MOST_EVENTS, 1_000):
        registry.leases.hold(server.number, "user", [f"{first + item}" for item in range(1_000)])
        registry.wait(1)
        server.turn()
    answer = server.subscribe(agent=4, known=(epoch, now_ms))
    assert isinstance(answer, Snapshot)
    assert answer.payload is not None


def test_a_new_epoch_makes_all_ask_again(registry: Registry, server: Server) -> None:
    server.hold("1")
    server.subscribe()
    server.turn()
    server.take()
    registry.port.renew_epoch(server.follower.epoch)
    server.turn()
    [update] = server.take()
    assert isinstance(update, Update)
    assert update.needs_picture
    answer = server.subscribe(ref=2)
    assert listed(answer) == {"1"}
    assert isinstance(answer, Snapshot)
    assert (answer.epoch, answer.topic != update.topic) == (server.follower.epoch, True)


@pytest.mark.parametrize("seed", range(12))
def test_a_client_that_wanders_between_servers_knows_the_truth(registry: Registry, seed: int) -> None:
    chance = random.Random(seed)
    servers = [Server(registry, f"{name}") for name in range(3)]
    page, at, ref = Page(), servers[0], 1
    at.subscribe()
    for _ in range(400):
        registry.wait(chance.choice([0.001, 0.05, 0.3, 2]))
        worker = chance.choice(servers)
        users = [f"{chance.randrange(12)}" for _ in range(chance.randrange(1, 4))]
        chance.choice([worker.hold, worker.drop])(*users)
        if chance.random() < 0.7:
            chance.choice(servers).turn()
        is_whole = page.take(at.take(), ref)
        if not is_whole or chance.random() < 0.05:
            at.unsubscribe(ref=ref)
            at.take()
            at, ref = chance.choice(servers), ref + 1
            page.ask(at, ref)
        for server in servers:
            server.ring()
    registry.wait(60)
    for _ in range(3):
        registry.wait(2)
        at.turn()
        assert page.take(at.take(), ref)
    truth = {user for server in servers for user in registry.leases.held(server.number, "user").items}
    assert page.users == truth


def test_a_handler_asks_how_many_there_are(registry: Registry, server: Server) -> None:
    server.hold("1", "2")
    server.turn()
    assert server.loop.count() == 2
    assert server.loop.count("channel:none") == 0
    with pytest.raises(BadData):
        server.loop.count("group:other")
    assert server.wanted.is_set


def test_each_event_is_told_to_a_backend_once_by_several_servers(registry: Registry) -> None:
    servers = [Server(registry, name, tells=True) for name in ("one", "two", "three")]
    for each in servers:
        each.turn()
    servers[0].hold("1", "2")
    for each in servers:
        each.turn()
    registry.leases.leave(servers[0].number)  # its process may be dead: it does not turn any more
    registry.wait(31)
    for each in servers[1:]:
        each.turn()
    told = [msgspec.json.decode(raw) for raw in registry.port.queue]
    assert sorted((each["type"], each["data"]["user_id"]) for each in told) == [
        ("user_offline", "1"),
        ("user_offline", "2"),
        ("user_online", "1"),
        ("user_online", "2"),
    ]
    assert len({each["id"] for each in told}) == 4


def test_who_went_while_no_server_ran_is_told_when_one_does(registry: Registry) -> None:
    before = Server(registry, "one", tells=True)
    before.hold("1", "2")
    before.turn()
    registry.leases.leave(before.number)
    while registry.leases.bury():
        pass
    registry.wait(600)
    after = Server(registry, "one", tells=True)
    after.hold("2")
    after.turn()
    registry.wait(29)
    after.turn()
    assert len(registry.port.queue) == 2
    registry.wait(2)
    after.turn()
    assert [msgspec.json.decode(raw)["data"]["user_id"] for raw in registry.port.queue[2:]] == ["1"]


def test_a_queue_that_refuses_costs_viewers_nothing_and_is_told_all_later(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server(registry, "one", tells=True)
    server.hold("1", "2")
    server.subscribe()
    server.turn()
    server.take()
    monkeypatch.setattr(registry.port, "tell_online", refuse)
    monkeypatch.setattr(registry.port, "tell_offline", refuse)
    server.hold("3")
    server.drop("1")
    registry.wait(2)
    server.turn()
    registry.wait(10)
    server.turn()
    assert [(each["joins"], each["leaves"]) for each in server.updates()] == [(["3"], []), ([], ["1"])]
    assert len(caplog.messages) == 1
    monkeypatch.undo()
    server.turn()
    told = [msgspec.json.decode(raw) for raw in registry.port.queue[2:]]
    assert [(each["type"], each["data"]["user_id"]) for each in told] == [("user_online", "3"), ("user_offline", "1")]


def refuse(tales: object) -> int:
    raise RegistryRefusedError("memory", "the queue is a list")


def test_a_newcomer_between_a_leave_and_a_return_hears_of_the_return(registry: Registry, server: Server) -> None:
    page = Page()
    server.hold("1")
    server.subscribe(ref=9)
    server.turn()
    server.drop("1")
    registry.wait(9.9)
    server.hold("2")
    server.turn()  # no other difference for a second
    registry.wait(0.2)
    server.turn()
    server.take()
    page.ask(server, 1)
    assert page.take(server.take())
    assert page.users == {"2"}
    server.hold("1")
    registry.wait(1)
    server.turn()
    assert page.take(server.take())
    assert page.users == {"1", "2"}
