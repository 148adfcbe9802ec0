"""The leak run: what counts as left behind, and that a short one against the real server leaves nothing."""

import asyncio
import random
import socket
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from rtserver.base.connection.timer_wheel import TimerWheel
from soak.leak.__main__ import shuffled_ways
from soak.leak.census import count_objects, count_system
from soak.leak.reading import (
    MOST_RESIDENT_GROWTH,
    MOST_TRACED_GROWTH,
    REMEMBERED,
    Reading,
    Samples,
    grown,
    left_behind,
    unfinished,
)
from soak.leak.report import memory_table, rest_table, verdict, ways_table
from soak.leak.visit import WAYS

REPOSITORY = Path(__file__).resolve().parents[2]
CYCLES = 300
RUN_SECONDS = 240.0
AT_REST = Reading(
    cycles=100,
    objects={"rtserver.base.connection.timer_wheel.Timer": 2, "socket.socket": 3},
    system={"open files": 10, "threads": 2, "threads of pools": 1},
    gauges={"connections": 0, 'lane_length{lane="quote"}': 0, "quotes": 4, "redis_connected": 1},
    traced_bytes=5_000_000,
    resident_bytes=80_000_000,
)


def findings(**changes: object) -> list[str]:
    later = replace(AT_REST, **changes)  # type: ignore[arg-type]
    return [str(one) for one in (*left_behind(AT_REST, later), *grown(AT_REST, later))]


def test_the_same_again_is_nothing_left() -> None:
    assert findings() == []
    assert findings(objects={}, system={**AT_REST.system, "open files": 9}, traced_bytes=0) == []


def test_one_object_more_is_left_behind() -> None:
    objects = {
        **AT_REST.objects,
        "rtserver.base.connection.timer_wheel.Timer": 3,
        "rtserver.user.user_agent.UserAgent": 1,
    }
    assert findings(objects=objects) == [
        "rtserver.base.connection.timer_wheel.Timer: 2 before, 3 after",
        "rtserver.user.user_agent.UserAgent: 0 before, 1 after",
    ]


def test_a_gauge_that_should_be_zero_and_is_not_says_who_is_still_there() -> None:
    gauges = {**AT_REST.gauges, "connections": 2, 'lane_length{lane="quote"}': 1, "quotes": 9}
    assert findings(gauges=gauges) == [
        "connections: 0 before, 2 after",
        'lane_length{lane="quote"}: 0 before, 1 after',
    ]
    assert unfinished(replace(AT_REST, gauges=gauges)) == {"connections": 2, 'lane_length{lane="quote"}': 1}


def test_an_open_file_more_is_left_behind_unless_a_pool_has_got_a_thread_for_it() -> None:
    assert findings(system={**AT_REST.system, "open files": 11}) == ["open files: 10 before, 11 after"]
    assert findings(system={"open files": 13, "threads": 2, "threads of pools": 2}) == []
    assert findings(system={**AT_REST.system, "threads": 3}) == ["threads: 2 before, 3 after"]


def test_a_thread_of_a_pool_opens_its_connection_to_redis_when_it_first_needs_it() -> None:
    opened = {"redis.connection.Connection": 1, "socket.socket": 4}
    assert findings(objects=opened, system={**AT_REST.system, "open files": 11}) == []
    assert findings(objects={**opened, "socket.socket": 5}) == ["socket.socket: 3 before, 5 after"]
    assert findings(objects={"redis.connection.Connection": 2}) == ["redis.connection.Connection: 0 before, 2 after"]


def test_a_connection_more_to_redis_is_in_its_pool() -> None:
    connections = {"tcelib.redis.pooled_connection.PooledConnection": 1}
    files = {**AT_REST.system, "open files": 11}
    assert findings(objects={**AT_REST.objects, **connections}, system=files) == []
    assert findings(objects={"tcelib.redis.pooled_connection.PooledConnection": 9}) != []


def test_a_thread_that_looks_up_names_has_a_greenlet_and_comes_with_a_connection() -> None:
    greenlets = {**AT_REST.objects, "greenlet.greenlet": 1}
    assert findings(objects=greenlets) == ["greenlet.greenlet: 0 before, 1 after"]
    assert findings(objects={**greenlets, "tcelib.redis.pooled_connection.PooledConnection": 1}) == []


def test_a_reader_rests_or_not_and_there_is_one_of_them() -> None:
    resting = {**AT_REST.objects, "rtserver.base.queue.port.Lone": 1}
    assert findings(objects=resting) == []
    resting["rtserver.base.queue.port.Lone"] = 2
    assert findings(objects=resting) == ["rtserver.base.queue.port.Lone: 0 before, 2 after"]


@pytest.mark.parametrize(("kind", "of_each"), REMEMBERED.items())
def test_of_what_is_remembered_of_visitors_there_may_be_as_much_as_there_are_visitors(
    kind: str, of_each: int
) -> None:
    later = replace(AT_REST, objects={kind: 10 * of_each})
    assert list(left_behind(AT_REST, later, visitors=10)) == []
    [one] = left_behind(AT_REST, later, visitors=9)
    assert one.what == kind


def test_memory_may_grow_a_little_and_no_more() -> None:
    traced, resident = AT_REST.traced_bytes, AT_REST.resident_bytes
    assert findings(traced_bytes=traced + MOST_TRACED_GROWTH, resident_bytes=resident + MOST_RESIDENT_GROWTH) == []
    assert findings(traced_bytes=traced + MOST_TRACED_GROWTH + 1) != []
    assert findings(resident_bytes=resident + MOST_RESIDENT_GROWTH + 1) != []


def test_the_census_sees_a_timer_a_task_and_a_socket() -> None:
    async def count_both() -> tuple[Counter[str], Counter[str], dict[str, int], dict[str, int]]:
        before, files_before = count_objects(), count_system()
        wheel = TimerWheel(0.0)
        timers = [wheel.arm(0.0, 1.0, print) for _ in range(3)]
        task = asyncio.ensure_future(asyncio.sleep(60))
        with socket.socket():
            after, files_after = count_objects(), count_system()
        task.cancel()
        assert len(timers) == 3
        return Counter(before), Counter(after), files_before, files_after

    before, after, files_before, files_after = asyncio.run(count_both())
    more = after - before
    assert more["rtserver.base.connection.timer_wheel.Timer"] == 3
    assert more["rtserver.base.connection.timer_wheel.TimerWheel"] == 1
    assert (more["_asyncio.Task"], more["socket.socket"]) == (1, 1)
    assert files_after["open files"] == files_before["open files"] + 1
    assert files_after["threads"] == files_before["threads"]


def test_a_cancelled_timer_of_the_event_loop_is_not_counted() -> None:
    async def count_cancelled() -> int:
        before = count_objects().get("asyncio.events.TimerHandle", 0)
        handle = asyncio.get_running_loop().call_later(60, print)
        assert count_objects()["asyncio.events.TimerHandle"] == before + 1
        handle.cancel()
        return count_objects().get("asyncio.events.TimerHandle", 0) - before

    assert asyncio.run(count_cancelled()) == 0


def test_every_way_is_gone_as_often_as_it_says_in_another_order_each_time() -> None:
    total = sum(WAYS.values())
    assert total == 1_000
    deck = shuffled_ways(random.Random(1))
    first, second = list(islice(deck, total)), list(islice(deck, total))
    assert Counter(first) == Counter(second) == Counter(WAYS)
    assert first != second
    assert first == list(islice(shuffled_ways(random.Random(1)), total))


def test_the_tables_say_what_was_read() -> None:
    samples = Samples()
    samples.add(5_000, 12.3, 80 << 20)
    assert list(memory_table(samples))[-1] == "| 5,000 | 12 | 80.0 |"
    assert list(ways_table({"half_closes": 3, "resets": 1_000}))[-2:] == ["| resets | 1,000 |", "| half closes | 3 |"]
    assert "| Timer | 2 | 2 |" in list(rest_table(AT_REST, AT_REST))
    assert list(verdict([], [], 5_000)) == ["nothing is left of 5,000 visits, and memory is flat"]
    left = list(left_behind(AT_REST, replace(AT_REST, gauges={"agents": 1})))
    assert list(verdict(left, [], 5_000)) == ["LEFT BEHIND  agents: 0 before, 1 after"]


@pytest.mark.soak
def test_some_hundred_visits_to_the_real_server_leave_nothing_behind() -> None:
    command = [sys.executable, "-m", "soak.leak", "--cycles", str(CYCLES), "--at-once", "16"]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.endswith(f"nothing is left of {CYCLES} visits, and memory is flat\n")
    assert "Traceback" not in run.stderr
