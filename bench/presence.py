"""Figures of presence and of the registry that it follows: ``python -m bench.presence [USERS]``.

It holds users in a Redis of its own as workers do, without connections. Wall time where others wait for it, and
processor time, which does not depend on who else uses the machine.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.process import redis_server
from rtserver.base.bridge.message import Message, Subscribe, Update
from rtserver.registry.presence import Linger
from rtserver.registry.presence_follower import PresenceFollower
from rtserver.registry.presence_scope import Offer
from rtserver.registry.redis_presence import RedisPresence
from rtserver.registry.user_place import UserPlaces
from rtserver.service.presence.channel_member import ChannelMembers
from rtserver.service.presence.listing import Listing
from rtserver.service.presence.presence_service import PresenceService
from tcelib.lease.port import SLICE, Registration
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import RedisClient, plain_client

USERS = 1_000_000
WORKERS = 8
ASKED = 1_000
ROUNDS = 200
IDLE_SECONDS = 20.0
FLOOD_SECONDS = 10
FLOOD_SCRIPTS = 20
"""Scripts a second of a worker whose users come in a storm."""
QUEUE = "queue:rtserver"


class Scene:
    """A Redis whose registry has a number of users, spread over the workers."""

    def __init__(self, client: RedisClient) -> None:
        self.client = client
        self.leases = RedisLeases(client, QUEUE)
        self.numbers = [
            self.leases.join(Registration("worker", f"w{index}", holds=("user", "member")), 3_600.0)
            for index in range(WORKERS)
        ]

    def fill(self, users: int) -> None:
        """Hold so many users."""
        for index, first in enumerate(range(0, users, SLICE)):
            items = [f"{user}" for user in range(first, min(users, first + SLICE))]
            self.leases.hold(self.numbers[index % WORKERS], "user", items)

    def follower(self) -> PresenceFollower:
        """Return a worker's table of all, which has not looked yet."""
        return PresenceFollower(self.leases, RedisPresence(self.client, QUEUE), {"user"}, Linger())

    def info(self, section: str, name: str) -> float:
        """Return one number of Redis's own."""
        lines = self.client.call("INFO", section)
        told = lines if isinstance(lines, dict) else dict(_pairs(lines.decode()))
        return float(told[name])

    def spent(self) -> float:
        """Return the seconds of processor time that Redis has used."""
        return self.info("cpu", "used_cpu_user") + self.info("cpu", "used_cpu_sys")


def main(users: int) -> None:
    """Measure everything, and print a line for each figure."""
    with TemporaryDirectory() as directory, redis_server(directory) as url, plain_client(url) as client:
        scene = Scene(client)
        empty = scene.info("memory", "used_memory")
        scene.fill(users)
        held = scene.info("memory", "used_memory") - empty
        say(f"registry of {users:,} users on {WORKERS} workers", held, 1e6, "MB")
        measure_online(scene, users)
        measure_table(scene, users)
        measure_idle(scene)
        measure_flood(scene)


def measure_online(scene: Scene, users: int) -> None:
    """Ask who of a thousand users is online; half of them are."""
    places = UserPlaces(scene.leases)
    asked = [[f"{(turn * 4_999 + each * 997) % (2 * users)}" for each in range(ASKED)] for turn in range(ROUNDS)]
    redis, ours = scene.spent(), time.process_time()
    walls = [timed(partial(places.online, ids)) for ids in asked]
    ours, redis = time.process_time() - ours, scene.spent() - redis
    say(f"online of {ASKED:,} ids, p50", median(walls), 1e-3, "ms")
    say("  processor time: asker", ours / ROUNDS, 1e-3, "ms")
    say("  processor time: Redis", redis / ROUNDS, 1e-3, "ms")


def measure_table(scene: Scene, users: int) -> None:
    """Begin to follow all of them, and list them."""
    before, begun = resident(), time.process_time()
    follower = scene.follower()
    wall = timed(follower.look)
    say("first look: wall", wall, 1, "s")
    say("first look: processor time", time.process_time() - begun, 1, "s")
    say("  the table's memory", resident() - before, 1e6, "MB")
    begun = time.process_time()
    Listing(0, follower.table.present("all"))
    say("a listing of them: processor time", time.process_time() - begun, 1e-3, "ms")


def measure_idle(scene: Scene) -> None:
    """Follow a registry in which nothing happens."""
    follower = scene.follower()
    follower.look()
    commands, begun = scene.info("stats", "total_commands_processed"), time.monotonic()
    while time.monotonic() - begun < IDLE_SECONDS:
        follower.wait(2.0)
        follower.look()
    spent = scene.info("stats", "total_commands_processed") - commands - 1
    say("commands of an idle follower", spent / (time.monotonic() - begun), 1, "a second")


def measure_flood(scene: Scene) -> None:
    """Let ten thousand users a second come, and count what a scope says."""
    posted: list[Message] = []
    follower = scene.follower()
    service = PresenceService(
        follower,
        Offer(["all"]),
        ChannelMembers(note_nothing, note_nothing),
        posted.append,
        call_later=lambda seconds, call: None,
        wake=lambda: None,
    )
    service.on_subscribe(Subscribe(1, 1, "presence", {"scope": "all"}, "1"))
    service.take(follower.look().events, is_new=False)
    size = 10_000 // FLOOD_SCRIPTS
    ours, begun, came = 0.0, time.monotonic(), 0
    while (now := time.monotonic() - begun) < FLOOD_SECONDS:
        if came < now * FLOOD_SCRIPTS:
            items = [f"new-{came * size + each}" for each in range(size)]
            scene.leases.hold(scene.numbers[came % WORKERS], "user", items)
            came += 1
            continue
        before = time.process_time()
        service.take(follower.look().events, is_new=False)
        service.post_due(time.monotonic())
        ours += time.process_time() - before
        time.sleep(0.2)
    updates = [message for message in posted if isinstance(message, Update)]
    say(f"{came * size:,} joins in {FLOOD_SECONDS} s: differences", len(updates), FLOOD_SECONDS, "a second")
    say("  processor time of a follower", ours / FLOOD_SECONDS * 100, 1, "% of a core")


def note_nothing(what: str, item: str) -> None:
    """Note nothing of a channel: there is none."""


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            yield name, value


def timed(call: Callable[[], Any]) -> float:
    """Return the seconds that a call took."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def resident() -> float:
    """Return the bytes of this process in RAM."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def say(what: str, value: float, unit: float, name: str) -> None:
    """Print a figure."""
    print(f"{what}: {value / unit:,.2f} {name}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else USERS)
