"""Followers of a registry: several come to the same events, whatever the registry loses."""

from collections.abc import Callable

import pytest

from rtserver.registry.memory_presence import MemoryPresence
from rtserver.registry.presence import Linger, PresenceTable
from rtserver.registry.presence_follower import Look, PresenceFollower
from rtserver.registry.redis_presence import RedisPresence
from tcelib.lease.memory import MemoryLeases
from tcelib.lease.port import CHANGES, Registration
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client

WORKER = Registration("worker", "a", holds=("user", "member"))
HOUR = 3_600.0


class Scene:
    """A registry whose clock the test moves, and those who follow it."""

    def __init__(self) -> None:
        self.now = 1_764_000_000.0
        self.leases = MemoryLeases(lambda: self.now)
        self.port = MemoryPresence(self.leases)
        self.number = self.leases.join(WORKER, HOUR)
        self.wait(60)

    def follower(self) -> PresenceFollower:
        return PresenceFollower(self.leases, self.port, {"user", "member"}, Linger())

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def hold(self, *users: str) -> None:
        self.leases.hold(self.number, "user", users)
        self.wait(0.01)

    def drop(self, *users: str) -> None:
        self.leases.drop(self.number, "user", users)
        self.wait(0.01)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def heard(look: Look) -> list[str]:
    return [("+" if event.is_here else "-") + event.user for event in look.events]


def here(follower: PresenceFollower) -> set[str]:
    return set(follower.table.present("all"))


def test_a_follower_begins_with_what_is_there_and_hears_of_the_rest(scene: Scene) -> None:
    scene.hold("1", "2")
    follower = scene.follower()
    assert not follower.is_begun
    assert follower.look() == Look([])
    assert here(follower) == {"1", "2"}
    scene.hold("3")
    scene.drop("1")
    assert heard(follower.look()) == ["+3"]
    scene.wait(10)
    assert heard(follower.look()) == ["-1"]
    assert follower.look() == Look([])


def test_followers_come_to_the_same_events_at_the_same_moments(scene: Scene) -> None:
    often, seldom = scene.follower(), scene.follower()
    often.look()
    seldom.look()
    events = []
    for step in range(200):
        (scene.drop if step % 3 == 2 else scene.hold)(f"{step % 7}")
        scene.wait(step % 5)
        events += often.look().events
    assert events == seldom.look().events
    assert here(often) == here(seldom)
    assert often.epoch == seldom.epoch


def test_what_comes_in_the_millisecond_of_the_look_waits_for_the_next_one(scene: Scene) -> None:
    follower = scene.follower()
    follower.look()
    scene.leases.hold(scene.number, "user", ["1"])
    assert follower.look() == Look([], is_short=True)
    scene.leases.hold(scene.number, "user", ["2"])
    scene.wait(0.001)
    assert heard(follower.look()) == ["+1", "+2"]


def test_a_follower_that_begins_late_knows_who_lingers(scene: Scene) -> None:
    early = scene.follower()
    scene.hold("1", "2")
    early.look()
    scene.drop("1")
    scene.wait(5)
    late = scene.follower()
    late.look()
    assert here(late) == {"1", "2"}
    scene.wait(5)
    assert early.look().events == late.look().events
    assert here(early) == here(late) == {"2"}


def test_a_follower_that_is_too_far_behind_begins_anew_and_all_with_it(scene: Scene) -> None:
    one, two = scene.follower(), scene.follower()
    scene.hold("1", "2")
    for each in (one, two):
        each.look()
    epoch = one.epoch
    scene.drop("1")
    for number in range(CHANGES + 10):
        scene.hold(f"u{number}")
        if number == CHANGES // 2:
            two.look()
    scene.drop("2")
    look = one.look()
    assert look.is_new
    assert one.epoch != epoch
    assert {"1", "2"} <= here(one), "whoever is missing lingers"
    assert two.look().is_new
    assert two.epoch == one.epoch
    scene.wait(40)
    for each in (one, two):
        each.look()
        assert not {"1", "2"} & here(each)


def test_a_registry_that_is_empty_says_nothing_before_the_linger(scene: Scene) -> None:
    follower = scene.follower()
    scene.hold("1", "2")
    follower.look()
    for name, value in vars(MemoryLeases(lambda: scene.now)).items():
        setattr(scene.leases, name, value)
    scene.wait(1)
    look = follower.look()
    assert (look.is_new, heard(look), here(follower)) == (True, [], {"1", "2"})
    scene.number = scene.leases.join(WORKER, HOUR)
    scene.hold("1")
    assert heard(follower.look()) == []
    scene.wait(30)
    assert heard(follower.look()) == ["-2"]


def test_a_clock_that_is_set_back_stops_nothing(scene: Scene) -> None:
    follower = scene.follower()
    scene.hold("1")
    follower.look()
    scene.wait(-600)
    scene.hold("2")
    assert heard(follower.look()) == ["+2"]
    scene.hold("3")
    assert heard(follower.look()) == ["+3"]


def test_a_follower_at_rest_holds_nothing(scene: Scene) -> None:
    follower = scene.follower()
    scene.hold("1")
    follower.look()
    follower.rest()
    assert not follower.is_begun
    assert here(follower) == set()
    follower.look()
    assert here(follower) == {"1"}


@pytest.fixture
def redis_follower(redis_url: str) -> tuple[RedisLeases, Callable[[], PresenceFollower]]:
    client = plain_client(redis_url)
    client.call("FLUSHDB")
    leases = RedisLeases(client, "queue:test")
    port = RedisPresence(client, "queue:test")
    return leases, lambda: PresenceFollower(leases, port, {"user"}, Linger(100, 300))


def test_a_redis_tells_the_same(redis_follower: tuple[RedisLeases, Callable[[], PresenceFollower]]) -> None:
    leases, follow = redis_follower
    one, two = follow(), follow()
    number = leases.join(WORKER, 60.0)
    leases.hold(number, "user", ["1"])
    _look_until(one, lambda: here(one) == {"1"})
    _look_until(two, lambda: here(two) == {"1"})
    leases.drop(number, "user", ["1"])
    events = _look_until(one, lambda: here(one) == set())
    assert events == _look_until(two, lambda: here(two) == set())
    assert [event.is_here for event in events] == [False]
    leases.close()


def _look_until(follower: PresenceFollower, is_done: Callable[[], bool]) -> list[object]:
    events: list[object] = []
    while not is_done():
        follower.wait(0.01)
        events += follower.look().events
    return events


def test_an_unknown_table_is_empty() -> None:
    assert list(PresenceTable(Linger()).present("channel:x")) == []
