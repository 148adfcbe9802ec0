"""The model of a server and its Redis: what grows with what."""

from dataclasses import replace

import pytest

from bench.simulate.model import (
    Demand,
    Pace,
    Spread,
    cold,
    pushes,
    redis_counts,
    saves,
    settled_pace,
    spent,
    watched_share,
    worker_busy,
    worker_counts,
)
from tests.bench.simulate.made import COSTS

DEMAND = Demand(1_000, quotes=1, batch=10, names=500, viewers=40)


def test_a_worker_with_nothing_to_do_costs_its_rest() -> None:
    assert worker_busy(Demand(0), Spread(), 1, COSTS) == pytest.approx(COSTS.worker_rest / 1e6)


def test_twice_the_viewers_are_twice_the_frames_and_no_more_reads() -> None:
    one, two = (
        worker_counts(demand, Spread(4), Pace(100, 0.01), 0, COSTS)
        for demand in (DEMAND, replace(DEMAND, viewers=80))
    )
    assert two["frame"] == 2 * one["frame"] == 2 * 1_000 * 40 / 4
    assert two["turn"] == one["turn"]


def test_each_worker_reads_all_messages_and_handles_what_somebody_watches_there() -> None:
    counts = worker_counts(replace(DEMAND, viewers=1), Spread(4), Pace(100, 0.01), 0, COSTS)
    assert counts["decode"] == pytest.approx(250)
    assert counts["decode"] + counts["skip"] == 1_000


def test_each_tick_that_somebody_watches_is_drawn_however_many_a_message_has() -> None:
    ticks = replace(DEMAND, messages=100, quotes=10, viewers=1)
    single = replace(DEMAND, viewers=1)
    drawn = [worker_counts(each, Spread(4), Pace(100, 0.01), 0, COSTS)["wanted"] for each in (ticks, single)]
    assert drawn == [pytest.approx(250), pytest.approx(250)]


def test_the_worker_that_writes_history_handles_all_messages_and_stores_all_quotes() -> None:
    counts = worker_counts(replace(DEMAND, viewers=0), Spread(4), Pace(100, 0.01), 1, COSTS)
    assert (counts["decode"], counts["skip"], counts["save"]) == (1_000, 0, 500)


def test_viewers_of_a_message_are_spread_over_workers_by_chance() -> None:
    assert watched_share(replace(DEMAND, viewers=0), 1) == 0
    assert watched_share(replace(DEMAND, viewers=0.5), 1) == 1
    assert watched_share(replace(DEMAND, viewers=1), 4) == pytest.approx(0.25)
    assert watched_share(replace(DEMAND, viewers=2), 4) == pytest.approx(1 - 0.75**2)
    assert watched_share(replace(DEMAND, viewers=1, quotes=2), 4) == pytest.approx(1 - 0.75**2)


def test_a_push_is_one_push_to_each_queue_that_it_has_messages_for() -> None:
    assert pushes(DEMAND, 1) == 100
    assert pushes(replace(DEMAND, batch=1), 2) == pytest.approx(500)
    assert 99 < pushes(DEMAND, 2) < 100


def test_a_long_sleep_makes_a_turn_dearer() -> None:
    assert cold(0, 0.005) == 0
    assert cold(0.005, 0.005) == 0.5
    rare, often = (
        spent(worker_counts(Demand(rate), Spread(), settled_pace(Demand(rate), Spread(), 0, COSTS), 0, COSTS), COSTS)
        for rate in (100, 1_000)
    )
    rest = COSTS.worker_rest / 1e6
    assert (rare - rest) / 100 > 1.3 * (often - rest) / 1_000


@pytest.mark.parametrize("rate", [10, 1_000, 10_000, 60_000])
def test_pushes_join_one_read_when_there_is_little_time(rate: int) -> None:
    demand = Demand(rate)
    turns = settled_pace(demand, Spread(), 0, COSTS).turns
    assert turns <= rate
    assert turns * COSTS.turn / 1e6 <= 1
    assert (turns > 0.9 * rate) == (rate <= 1_000)


def test_a_worker_with_too_much_to_do_reads_as_much_as_it_can_at_once() -> None:
    pace = settled_pace(Demand(1_000_000), Spread(), 0, COSTS)
    assert pace.turns == pytest.approx(2_000, rel=0.01)
    assert pace.sleep == 0


def test_several_workers_on_a_core_wait_for_each_other() -> None:
    alone, shared = (settled_pace(DEMAND, Spread(4, 1, per_core), 0, COSTS).turns for per_core in (1, 4))
    assert shared < alone


def test_the_writer_stores_each_quote_once_a_second_and_less_often_where_there_are_too_many() -> None:
    assert saves(replace(DEMAND, messages=100), 1, 100) == 100
    assert saves(DEMAND, 1, 100) == 500
    many = replace(DEMAND, messages=100_000, names=50_000)
    assert saves(many, 1, 100) == pytest.approx(5_000)
    assert saves(replace(many, names=10_000), 1, 100) == pytest.approx(1e6 / 3 / 100)


def test_each_worker_more_costs_redis_a_read_of_all() -> None:
    one, four = (redis_counts(DEMAND, Spread(workers), 100, COSTS) for workers in (1, 4))
    assert (one["redis_read"], four["redis_read"]) == (1_000, 4_000)
    assert one["redis_entry"] == four["redis_entry"] == 1_000
    assert four["redis_intake"] == 4 * one["redis_intake"]


def test_two_queues_halve_the_messages_of_a_redis() -> None:
    one, two = (redis_counts(DEMAND, Spread(4, shards), 100, COSTS) for shards in (1, 2))
    assert two["redis_entry"] == one["redis_entry"] / 2
