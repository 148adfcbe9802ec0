"""Many instruments, live, with years of history in Redis: is memory flat, and how soon does somebody see a chart?

    python -m soak.market                                5,000 instruments, 20,000 ticks a second, half an hour
    python -m soak.market --instruments 200 --rate 1000 --seconds 90 --deep 5    two minutes, to try it out
    python -m soak.market --store market.rdb --seconds 0                         store the past, measure nothing

First the past is stored: 20 trading days of minutes and 24 months of daily bars of each instrument, and 24 months of
minutes of fifty. With ``--store`` it is kept in a file, for the next run of the same trading day. Then ticks of all
of them come to a real server by ``rtserver feed``, and every second somebody asks for first pictures. Prints
Markdown; exit status 1 says that memory grew, or that pictures took too long. Memory is judged in runs of ten
minutes and more.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from bench.process import LOAD_CORE, SERVER_CORE, available, pin_this_process, pinned
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.bench.local_server import LocalServer
from rtserver.bench.process import resident_bytes, running
from rtserver.bench.progress import Progress
from soak.market.fill import DAYS_A_MONTH, Plan
from soak.market.kept import QUEUE, stored_past
from soak.market.past import quotes, trading_days
from soak.market.report import Pictures, Sample, faults, memory_table, picture_table
from soak.market.viewer import Viewer

DAY_SECONDS = 86_400
ROWS = 1_000
PAGES = 1_000
"""Days and instruments of which a page is asked for: about so many seconds are unlike each other."""
MEMORY_MS, REDIS_MS = 20.0, 60.0
MEMORY, REDIS, DAYS, DEEP = (
    "minutes, asked for before (memory)",
    "minutes, asked for the first time (Redis)",
    "daily bars (Redis)",
    "minutes of a year ago (Redis)",
)


class Run:
    """Measurements, second by second."""

    def __init__(self, server: LocalServer, plan: Plan, seconds: float, progress: Progress) -> None:
        self.samples: list[Sample] = []
        self.waiting: list[int] = []
        self.pictures = {
            MEMORY: Pictures(MEMORY_MS, min(ROWS, plan.minute_days * plan.minutes_a_day)),
            REDIS: Pictures(REDIS_MS, min(ROWS, plan.minute_days * plan.minutes_a_day)),
            DAYS: Pictures(REDIS_MS, min(ROWS, plan.months * DAYS_A_MONTH)),
            **({DEEP: Pictures(REDIS_MS, ROWS)} if plan.deep else {}),
        }
        self._server = server
        self._plan = plan
        self._seconds = seconds
        self._progress = progress
        self._keys = quotes(plan.instruments)

    async def measure(self) -> None:
        """Take a sample and look at four pictures each second."""
        begun = time.monotonic()
        with closing(RedisQueue(plain_client(self._server.redis_url), self._server.queue)) as queue:
            async with Viewer(str(self._server.site), self._server.log_in()) as viewer:
                for number in count():
                    now = time.monotonic() - begun
                    if now >= self._seconds:
                        return
                    self._sample(now, queue)
                    await self._look(viewer, number)
                    await asyncio.sleep(max(0.0, begun + number + 1 - time.monotonic()))

    def _sample(self, now: float, queue: RedisQueue) -> None:
        self.samples.append(Sample(now, resident_bytes(self._server.pid), queue.memory().used))
        self.waiting.append(queue.waiting())
        newest = self.samples[-1]
        self._progress.maybe_say(
            lambda: (
                f"{now:.0f} s  server {newest.resident >> 20:,} MiB  Redis {newest.redis >> 20:,} MiB  "
                f"{self.waiting[-1]:,} messages wait"
            )
        )

    async def _look(self, viewer: Viewer, number: int) -> None:
        quote = self._keys[-1 - number % len(self._keys)]
        wish: dict[str, Any] = {"count": ROWS, "shape": "ohlc", "period": 60}
        # Another parameter each time, so that no picture and no feed is there already.
        turn = 2 * (number // min(PAGES, len(self._keys)))
        first, again = ([f"sma:{20 + turn + step}"] for step in (0, 1))
        if number < len(self._keys):
            self.pictures[REDIS].add(*await viewer.first_picture(quote, **wish, indicators=first))
            self.pictures[MEMORY].add(*await viewer.first_picture(quote, **wish, indicators=again))
        daily = {**wish, "period": "1d"}
        self.pictures[DAYS].add(*await viewer.first_picture(quote, **daily, indicators=first))
        if DEEP in self.pictures:
            past = {**wish, "to": self._year_ago(number), "update": "static"}
            deep = self._keys[number % self._plan.deep]
            self.pictures[DEEP].add(*await viewer.first_picture(deep, **past, indicators=first))

    def _year_ago(self, number: int) -> str:
        days = trading_days(int(time.time()) // DAY_SECONDS, self._plan.months * 10)
        return datetime.fromtimestamp(days[number % (len(days) // 2)] * DAY_SECONDS, UTC).date().isoformat()


@contextmanager
def producing(server: LocalServer, instruments: int, rate: float) -> Iterator[None]:
    """Have ticks come meanwhile."""
    words = ["feed", "run", "soak.market.ticks:Ticks", str(instruments), str(rate), "--src", "market"]
    places = ["--redis-url", server.redis_url, "--queue", server.queue]
    with running(pinned(LOAD_CORE, sys.executable, "-m", "rtserver", *words, *places)):
        yield


def main() -> int:
    """Fill, measure, report."""
    options = _options()
    plan = Plan(options.instruments, options.minute_days, options.months, options.deep, options.minutes_a_day)
    progress = Progress()
    with tempfile.TemporaryDirectory() as directory:
        file = options.store or Path(directory, "market.rdb")
        with stored_past(plan, file, progress) as redis_url:
            if not options.seconds:
                return 0
            pin_this_process()
            server = LocalServer(redis_url, options=("--log-level", "warning", *options.server_option), queue=QUEUE)
            with server, producing(server, plan.instruments, options.rate):
                server.pin(available(SERVER_CORE))
                run = Run(server, plan, options.seconds, progress)
                asyncio.run(run.measure())
    progress.end()
    found = list(faults(run.samples, run.pictures, run.waiting))
    print(f"{plan.instruments:,} instruments, {options.rate:,.0f} ticks/s, {plan.bars:,} bars in Redis\n")
    print("\n".join([*memory_table(run.samples), "", *picture_table(run.pictures), ""]))
    print("\n".join(found) or "memory is flat, and pictures come in time")
    return 1 if found else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m soak.market", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--instruments", type=int, default=5_000)
    parser.add_argument("--rate", type=float, default=20_000.0, help="ticks a second, of all instruments")
    parser.add_argument("--seconds", type=float, default=1_800.0)
    parser.add_argument("--store", type=Path, help="file in which the past is kept")
    parser.add_argument("--minute-days", type=int, default=20, help="trading days of minute bars of each")
    parser.add_argument("--months", type=int, default=24, help="months of daily bars of each")
    parser.add_argument("--deep", type=int, default=50, help="instruments with minute bars for all months")
    parser.add_argument("--minutes-a-day", type=int, default=390)
    parser.add_argument(
        "--server-option", action="append", default=[], help="further word of the server's command line"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
