"""Redis with the past in it, made once and kept in a file: filling it takes longer than most measurements.

The file is Redis' own. A key in it says which plan it holds, and for which trading day.
"""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bench.process import redis_server
from rtserver.bench.client.error import TargetError
from rtserver.bench.progress import Progress
from soak.market.fill import DAY_SECONDS, Plan, fill
from soak.market.past import trading_days
from tcelib.redis.redis_connection import RedisClient, plain_client
from tcelib.redis.redis_error import RedisCallError

QUEUE = "queue:rtserver-market"
MARK = "soak.market"
LOAD_SECONDS = 300.0
LOOK_SECONDS = 0.2


@contextmanager
def stored_past(plan: Plan, file: Path, progress: Progress) -> Iterator[str]:
    """Run a Redis that holds the past of a plan, and give its address. ``file`` is used if it fits, or written.

    Raises ``TargetError`` if the file cannot be read or written. The run itself leaves the file as it is.
    """
    mark = mark_of(plan, int(time.time()) // DAY_SECONDS)
    with redis_server(str(file.parent), "--dbfilename", file.name) as url, closing(plain_client(url)) as client:
        _wait_loaded(client)
        if client.call("GET", MARK) != mark:
            _make(client, url, plan, progress)
            client.call("SET", MARK, mark)
            _save(client)
        yield url


def mark_of(plan: Plan, today: int) -> bytes:
    """Return what the file of a plan says when the last trading day before ``today`` is in it."""
    return f"{plan} {trading_days(today, 1)[0]}".encode()


def _make(client: RedisClient, url: str, plan: Plan, progress: Progress) -> None:
    client.call("FLUSHALL")
    begun = time.monotonic()
    for stored in fill(url, QUEUE, plan):
        progress.maybe_say(lambda stored=stored: f"{stored:,} of {plan.instruments:,} instruments stored")
    progress.say(f"{plan.bars:,} bars stored in {time.monotonic() - begun:.0f} s")


def _save(client: RedisClient) -> None:
    """Write the file. In a child of Redis: it answers meanwhile, and no client runs out of patience."""
    client.call("BGSAVE")
    while (state := client.call("INFO", "persistence"))["rdb_bgsave_in_progress"]:
        time.sleep(LOOK_SECONDS)
    if state["rdb_last_bgsave_status"] != "ok":
        raise TargetError("Redis cannot write the file of the past")


def _wait_loaded(client: RedisClient) -> None:
    deadline = time.monotonic() + LOAD_SECONDS
    while time.monotonic() < deadline:
        try:
            client.call("PING")
        except RedisCallError:
            time.sleep(LOOK_SECONDS)
        else:
            return
    raise TargetError("Redis does not load the file of the past")
