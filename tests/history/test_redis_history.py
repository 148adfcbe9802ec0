"""History in Redis: few round trips, blocks made one, keys of another kind, a full Redis, and what the bus keeps."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from rtserver.base.queue.port import QueueAwayError, order_of
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.history.port import HistoryError, HistoryPart, HistoryRange, StateChange
from rtserver.history.redis_history import MOST_BLOCKS, RedisHistory
from rtserver.history.redis_states import RedisStates
from tcelib.redis.redis_connection import RedisClient
from tests.conftest import unused_port
from tests.history.bar_maker import DAY, MONDAY, QUOTE, minute_bar, minute_bars

NAME = "queue:test"
PREFIX = "{queue:test}:history:"


@pytest.fixture
def client(redis_url: str) -> Iterator[RedisClient]:
    client = plain_client(redis_url)
    yield client
    client.close()


@pytest.fixture
def server(redis_url: str) -> Iterator[Any]:
    """The Redis as an operator sees it."""
    with redis.Redis.from_url(redis_url) as server:
        yield server


@pytest.fixture
def history(client: RedisClient) -> RedisHistory:
    return RedisHistory(client, NAME)


@pytest.fixture
def states(client: RedisClient, history: RedisHistory) -> RedisStates:
    return RedisStates(history, RedisQueue(client, NAME))


def change(seq: int, after: int = 0, quote: str = QUOTE, minute: int | None = None) -> StateChange:
    bars = {} if minute is None else {"1m": [minute_bar(MONDAY, minute)]}
    return StateChange(quote, f"1-{seq}", seq, b"state", after, b"ticks", 10, bars)


def test_a_group_that_has_not_changed_is_fetched_once(history: RedisHistory, server: Any) -> None:
    history.write(QUOTE, "1m", minute_bars(MONDAY, range(3)))
    history.write(QUOTE, "1m", minute_bars(MONDAY + 1, range(3)))
    wanted = HistoryRange(QUOTE, "1m")
    first = history.read(wanted)
    server.config_resetstat()
    assert history.read(wanted) == first
    assert "cmdstat_mget" not in server.info("commandstats")


def test_a_change_by_another_worker_is_seen_at_once(client: RedisClient, history: RedisHistory) -> None:
    history.write(QUOTE, "1m", minute_bars(MONDAY, range(3)))
    history.read(HistoryRange(QUOTE, "1m"))
    corrected = minute_bar(MONDAY, 1, 55)
    RedisHistory(client, NAME).write(QUOTE, "1m", [corrected])
    assert history.read(HistoryRange(QUOTE, "1m")).bars[1] == corrected


def test_a_range_fetches_only_the_groups_that_it_needs(history: RedisHistory) -> None:
    for day in range(30):
        history.write(QUOTE, "1m", minute_bars(MONDAY + day, range(5)))
    part = history.read(HistoryRange(QUOTE, "1m", end_ms=(MONDAY + 20) * DAY, limit=12))
    assert part.bars == minute_bars(MONDAY + 17, [3, 4]) + minute_bars(MONDAY + 18, range(5)) + minute_bars(
        MONDAY + 19, range(5)
    )
    assert history.cache.bytes == 15 * 400


def test_bars_added_one_by_one_become_one_block_now_and_then(history: RedisHistory, server: Any) -> None:
    bars = minute_bars(MONDAY, range(390))
    for bar in bars:
        history.write(QUOTE, "1m", [bar])
    note = server.hget(f"{PREFIX}blocks:1m:{QUOTE}", str(MONDAY)).split()
    assert int(note[2]) == 390
    assert int(note[3]) <= 2 * MOST_BLOCKS
    assert server.strlen(f"{PREFIX}block:1m:{MONDAY}:{QUOTE}") < 40 * 390
    assert history.read(HistoryRange(QUOTE, "1m")).bars == bars


def test_a_block_that_comes_while_others_are_made_one_is_not_lost(client: RedisClient, server: Any) -> None:
    """The other worker writes between the reading of a group and its replacement."""
    history, other = RedisHistory(client, NAME), RedisHistory(client, NAME)
    key = f"{PREFIX}block:1m:{MONDAY}:{QUOTE}"
    bars = minute_bars(MONDAY, range(300))
    for one, two in zip(bars[::2], bars[1::2], strict=True):
        history.write(QUOTE, "1m", [one])
        before = server.get(key)
        other.write(QUOTE, "1m", [two])
        assert server.get(key) != before
    assert history.read(HistoryRange(QUOTE, "1m")).bars == bars


@pytest.mark.parametrize("kind", ["blocks:1m:{0}", "block:1m:{1}:{0}"])
def test_a_key_of_another_kind_costs_one_quote(
    history: RedisHistory, states: RedisStates, server: Any, kind: str
) -> None:
    key = PREFIX + kind.format(QUOTE, MONDAY)
    server.rpush(key, "x")
    with pytest.raises(HistoryError, match="holds something else"):
        history.write(QUOTE, "1m", [minute_bar(MONDAY, 1)])
    assert states.save([change(3, minute=1), change(4, quote="A:B", minute=1)]) == [-1, 4]
    assert states.load([QUOTE]) == {}
    assert history.odd.look() == [key]
    server.delete(key)
    assert history.odd.look() == []
    assert states.save([change(3, minute=1)]) == [3]
    assert history.read(HistoryRange(QUOTE, "1m")).bars == [minute_bar(MONDAY, 1)]


def test_a_list_of_quotes_of_another_kind_counts_as_empty_and_costs_no_quote_its_history(
    history: RedisHistory, states: RedisStates, server: Any
) -> None:
    history.write("A:B", "1m", [minute_bar(MONDAY, 1)])
    for key in ("quotes", "cut"):
        server.delete(PREFIX + key)
        server.set(PREFIX + key, "x")
    assert states.save([change(3, minute=1)]) == [3]
    assert history.odd.look() == [f"{PREFIX}quotes"]
    assert history.quotes() == []
    assert history.read(HistoryRange(QUOTE, "1m")) == HistoryPart([minute_bar(MONDAY, 1)])
    assert history.prune("A:B", "1m", 2 * MONDAY * DAY) == 1
    assert history.read(HistoryRange("A:B", "1m")).bars == []
    assert states.drop(QUOTE, change(3).stamp)
    assert history.odd.look() == [f"{PREFIX}quotes", f"{PREFIX}cut"]
    server.delete(f"{PREFIX}quotes", f"{PREFIX}cut")
    assert states.save([change(3, minute=2)]) == [3]
    assert (history.quotes(), history.odd.look()) == ([QUOTE], [])


@pytest.mark.parametrize("kind", ["state", "ticks"])
def test_a_state_of_another_kind_counts_as_none(
    history: RedisHistory, states: RedisStates, server: Any, kind: str
) -> None:
    server.set(f"{PREFIX}{kind}:{QUOTE}", "x")
    assert states.save([change(3)]) == [-1]
    assert (states.load([QUOTE, "A:B"]), states.ticks(QUOTE)) == ({}, [])
    assert history.odd.look() == [f"{PREFIX}{kind}:{QUOTE}"]


@pytest.mark.parametrize("field", [{"seq": b"rubbish"}, {"stamp": b"rubbish"}, {"stamp": b"\xff"}])
def test_a_state_of_another_program_counts_as_none(
    states: RedisStates, server: Any, field: dict[str | bytes, bytes]
) -> None:
    states.save([change(3), change(4, quote="A:B")])
    server.hset(f"{PREFIX}state:{QUOTE}", mapping=field)
    assert list(states.load([QUOTE, "A:B"])) == ["A:B"]
    assert states.save([change(5)]) == [5]
    assert states.load([QUOTE])[QUOTE].seq == 5


@pytest.mark.parametrize("element", [b"rubbish", b"1\n\0\0"])
def test_ticks_of_another_program_count_as_none(states: RedisStates, server: Any, element: bytes) -> None:
    states.save([change(3)])
    server.rpush(f"{PREFIX}ticks:{QUOTE}", element)
    assert states.ticks(QUOTE) == []


def test_bytes_of_another_program_are_an_error_of_that_quote(history: RedisHistory, server: Any) -> None:
    history.write(QUOTE, "1m", [minute_bar(MONDAY, 1)])
    history.write("A:B", "1m", [minute_bar(MONDAY, 1)])
    server.append(f"{PREFIX}block:1m:{MONDAY}:{QUOTE}", "rubbish")
    with pytest.raises(HistoryError, match=r"history:block:1m:20458:SHFE:cu:20260105 cannot be read"):
        history.read(HistoryRange(QUOTE, "1m"))
    server.hset(f"{PREFIX}blocks:1m:{QUOTE}", "x", "rubbish")
    with pytest.raises(HistoryError, match=r"history:blocks:1m:SHFE:cu:20260105 cannot be read"):
        history.read(HistoryRange(QUOTE, "1m"))
    assert history.read(HistoryRange("A:B", "1m")).bars == [minute_bar(MONDAY, 1)]


def test_changes_of_many_quotes_cost_one_round_trip_even_to_a_redis_that_forgot_the_script(
    states: RedisStates, server: Any
) -> None:
    assert states.save([change(1, quote=f"A:{n}") for n in range(20)]) == [1] * 20
    server.script_flush()
    assert states.save([change(2, 1, quote=f"A:{n}", minute=2) for n in range(20)]) == [2] * 20


def test_a_full_redis_still_takes_history(history: RedisHistory, states: RedisStates, server: Any) -> None:
    server.config_set("maxmemory", 1)
    try:
        history.write(QUOTE, "1m", minute_bars(MONDAY, range(3)))
        assert states.save([change(3, minute=5)]) == [3]
    finally:
        server.config_set("maxmemory", 0)
    assert len(history.read(HistoryRange(QUOTE, "1m")).bars) == 4


def test_a_redis_that_is_away_is_an_error_of_the_queue() -> None:
    history = RedisHistory(plain_client(f"redis://127.0.0.1:{unused_port()}/0"), NAME)
    with pytest.raises(QueueAwayError):
        history.read(HistoryRange(QUOTE, "1m"))


def test_the_intake_never_trims_what_is_not_stored(client: RedisClient, history: RedisHistory) -> None:
    queue = RedisQueue(client, NAME, bus_length=1_000, batch=100)
    states = RedisStates(history, queue)
    assert states.begin() == "0-0"
    queue.put([b"tick"] * 3_000)
    moved = [queue.intake(0).messages for _ in range(40)]
    assert sum(moved) < 1_500
    newest = queue.newest_id()
    states.pass_on(newest)
    assert RedisStates(history, RedisQueue(client, NAME)).begin() == states.stored_until() == newest
    assert sum(queue.intake(0).messages for _ in range(40)) > 500
    states.pass_on("1-1")
    assert order_of(states.stored_until()) >= order_of(newest)


def test_bars_that_were_stored_a_moment_ago_may_be_kept(history: RedisHistory, server: Any) -> None:
    history.write(QUOTE, "1m", minute_bars(MONDAY, range(3)))
    now_ms = int(server.time()[0]) * 1000
    assert history.prune(QUOTE, "1m", (MONDAY + 1) * DAY, stored_before_ms=now_ms - 60_000) == 0
    assert history.prune(QUOTE, "1m", (MONDAY + 1) * DAY, stored_before_ms=now_ms + 60_000) == 1
