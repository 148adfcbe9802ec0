"""Visits to a real server, and what they leave behind: nothing, or the run fails.

    python -m soak.leak                    100,000 visits, a few minutes
    python -m soak.leak --cycles 2000      a few seconds

Every visit connects with a session of the site, most of them ask for charts, and each leaves in one of the ways of
``soak.leak.visit``, while quotes move and notices are sent. The server is read at rest after a fifth of the visits,
when whatever it makes once has been made, and at the end. Then there must be no connection, agent, topic, feed,
subscription, task, timer, greenlet, message, thread or open file more than before, and no more memory than
``soak.leak.reading`` allows. Prints Markdown; exit status 1 says that something was left.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path

from bench.process import pin_this_process
from bench.sessions import make_sessions
from rtserver.bootstrap.process.file_limit import raise_file_limit
from rtserver.user.session.session_cache import KEPT_SECONDS
from soak.leak.examined import Examined, examined
from soak.leak.producer import QUOTES, STILL_QUOTE, Producer
from soak.leak.reading import Samples, grown, left_behind
from soak.leak.report import memory_table, rest_table, verdict, ways_table
from soak.leak.visit import (
    MANY_PICTURES,
    WAYS,
    Host,
    Way,
    comes_and_goes,
    is_logged_out,
    sees_many_pictures,
)

PATH = "/rt/"
MOST_SESSIONS = 500
ADDRESSES = 250
MOST_LOGGED_OUT = 1_000  # after a minute the server takes a session again whose end it was told
VISIT_SECONDS = 60.0
SAMPLES = 20
PAST_TICKS = 1_200
SHOWN_LINES = 15


class Run:
    """All visits of a run, so many at a time."""

    def __init__(self, server: Examined, producer: Producer, cycles: int, at_once: int, seed: int) -> None:
        self.samples = Samples()
        self.ways: Counter[str] = Counter()
        self._server = server
        self._producer = producer
        self._cycles = cycles
        self._at_once = at_once
        self._deck = shuffled_ways(random.Random(seed))
        self._begun = time.monotonic()
        count, logged_out = min(MOST_SESSIONS, cycles // 20), min(MOST_LOGGED_OUT, cycles // 50)
        sessions = make_sessions(server.redis_url, server.directory, count + logged_out)
        hosts = [self._host(session.cookie, number) for number, session in enumerate(sessions)]
        server.visitors = len(hosts)
        self._hosts, self._last_hosts = cycle(hosts[:count]), cycle(hosts[count:])

    @property
    def done(self) -> int:
        """Return the number of visits that have ended."""
        return self.ways.total()

    def visit(self, count: int) -> None:
        """So many visits. Raises ``VisitError``, and ``TimeoutError`` for one that does not end."""
        asyncio.run(self._visit(count))

    def come_to_rest(self) -> None:
        """Bring what the server keeps for a while into one and the same state, whatever the last visits were.

        Pictures: as many as it keeps, always the same. Look-ups: those that are too old go when the next one comes.
        """
        for first_period in range(1, 1 + 2 * MANY_PICTURES, MANY_PICTURES):
            asyncio.run(sees_many_pictures(next(self._hosts), first_period))
        time.sleep(KEPT_SECONDS * 1.2)
        asyncio.run(comes_and_goes(next(self._hosts)))

    async def _visit(self, count: int) -> None:
        producing = asyncio.create_task(self._producer.run())
        left = iter(range(count))
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._visit_on(left))
        producing.cancel()
        with suppress(asyncio.CancelledError):
            await producing

    async def _visit_on(self, left: Iterator[int]) -> None:
        for _ in left:
            way = next(self._deck)
            async with asyncio.timeout(VISIT_SECONDS):
                await way(next(self._last_hosts if way is is_logged_out else self._hosts))
            self.ways[way.__name__] += 1
            if self.done % max(1, self._cycles // SAMPLES) == 0:
                self.samples.add(self.done, time.monotonic() - self._begun, self._server.resident_bytes)

    def _host(self, cookie: str, number: int) -> Host:
        # All of 127.0.0.0/8 is this machine. From one address it would be an attack.
        address = f"127.0.1.{1 + number % ADDRESSES}"
        port = self._server.site.port
        return Host(port, PATH, cookie, address, QUOTES, STILL_QUOTE, self._producer.end_session)


def shuffled_ways(chance: random.Random) -> Iterator[Way]:
    """Every way as often as it says, in another order each time."""
    deck = [way for way, count in WAYS.items() for _ in range(count)]
    while True:
        chance.shuffle(deck)
        yield from deck


def examine(cycles: int, at_once: int, seed: int, shows_lines: bool = False) -> bool:
    """One run, with its tables on stdout; whether nothing was left."""
    with tempfile.TemporaryDirectory() as directory, examined() as server:
        files = [str(Path(directory) / name) for name in ("before", "after")]
        producer = Producer(server.redis_url)
        producer.fill(PAST_TICKS)
        run = Run(server, producer, cycles, at_once, seed)
        run.visit(cycles // 5)
        run.come_to_rest()
        before = server.read_at_rest(run.done)
        if shows_lines:
            server.write_snapshot(files[0])
        run.visit(cycles - cycles // 5)
        run.come_to_rest()
        after = server.read_at_rest(run.done, before)
        producer.check()
        producer.close()
        left, more = list(left_behind(before, after, server.visitors)), list(grown(before, after))
        tables = (memory_table(run.samples), ways_table(run.ways), rest_table(before, after))
        print("\n\n".join("\n".join(table) for table in tables), end="\n\n")
        if shows_lines:
            server.write_snapshot(files[1])
            print("\n".join(largest_growths(*files)), end="\n\n")
        print("\n".join(verdict(left, more, cycles)))
        return not (left or more)


def largest_growths(before: str, after: str) -> Iterator[str]:
    """The lines of code that have given out most of what is more."""
    snapshots = [tracemalloc.Snapshot.load(path) for path in (before, after)]
    for difference in snapshots[1].compare_to(snapshots[0], "lineno")[:SHOWN_LINES]:
        yield f"    {difference}"


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        prog="python -m soak.leak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cycles", type=int, default=100_000, help="visits in all  [100000]")
    parser.add_argument("--at-once", type=int, default=64, help="visits at a time  [64]")
    parser.add_argument("--seed", type=int, default=1, help="of the order of the ways  [1]")
    parser.add_argument("--lines", action="store_true", help="also show which lines of code keep more than before")
    options = parser.parse_args()
    raise_file_limit()
    pin_this_process()
    return 0 if examine(options.cycles, options.at_once, options.seed, options.lines) else 1


if __name__ == "__main__":
    sys.exit(main())
