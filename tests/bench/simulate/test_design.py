"""Designs: bottlenecks where they have to be, and the smallest one within bounds."""

from dataclasses import replace

import pytest

from bench.simulate.design import (
    BUS,
    CONNECTIONS,
    HISTORY,
    NETWORK,
    PRIMARY,
    SPARED,
    WORKER,
    WRITER,
    Bounds,
    Design,
    Size,
    bottleneck,
    carry,
    choose,
    loads,
    variants,
)
from bench.simulate.model import UnitCosts
from bench.simulate.report import between, check_table, cost_table, design_table, panels, throughput_table
from tests.bench.simulate.made import COSTS

BOUNDS = Bounds()
SIZE = Size("", 10_000, 1_000, 100_000, 200)


def test_twice_the_users_are_twice_the_connections_and_deliveries_twice_the_frames() -> None:
    one = loads(COSTS, SIZE, Design(workers=8), BOUNDS)
    two = loads(COSTS, replace(SIZE, users=20_000, deliveries=200_000), Design(workers=8), BOUNDS)
    assert two.connections == 2 * one.connections
    added = (100_000 * COSTS.frame / 8 + 10_000 * COSTS.idle / 8) / 1e6
    assert two.worker - one.worker == pytest.approx(added, rel=0.05)
    assert two.reading == pytest.approx(one.reading, rel=0.05)


def test_more_workers_share_the_sending_and_not_the_reading() -> None:
    few, many = (loads(COSTS, SIZE, Design(workers=count), BOUNDS) for count in (4, 8))
    assert many.worker < 0.75 * few.worker
    assert many.reading > 0.6 * few.reading
    assert many.primary > few.primary


def test_replicas_take_the_readers_from_a_primary_and_queues_the_messages() -> None:
    plain = Design(workers=50)
    alone, read, shared = (
        loads(COSTS, SIZE, design, BOUNDS) for design in (plain, replace(plain, replicas=2), replace(plain, shards=4))
    )
    assert read.primary < alone.primary
    assert 0 < read.replica < alone.primary
    assert shared.primary < alone.primary


def test_the_bottleneck_moves_from_redis_to_workers_where_a_frame_costs_enough() -> None:
    """A worker sends 10,000 frames a second, and Redis does nothing but take 1,000 messages of 300 µs each."""
    found = {}
    for frame in (10.0, 29.0, 31.0, 50.0):
        costs = UnitCosts(frame=frame, redis_entry=300.0)
        found[frame] = bottleneck(loads(costs, replace(SIZE, deliveries=10_000), Design(), BOUNDS), BOUNDS)
    assert found[10.0] == (PRIMARY, pytest.approx(0.3 / BOUNDS.redis))
    assert found[29.0][0] == PRIMARY
    assert found[31.0] == (WORKER, pytest.approx(0.31 / BOUNDS.worker))
    assert found[50.0][0] in (WORKER, WRITER)


@pytest.mark.parametrize(
    ("costs", "name"),
    [
        (UnitCosts(skip=1_000, decode=1_000), BUS),
        (UnitCosts(skip=1, decode=1_000), HISTORY),
        (UnitCosts(delivery_bytes=1e6), NETWORK),
        (UnitCosts(), CONNECTIONS),
    ],
)
def test_each_bottleneck_is_named(costs: UnitCosts, name: str) -> None:
    assert bottleneck(loads(costs, SIZE, Design(workers=100_000), BOUNDS), BOUNDS)[0] == name


@pytest.mark.parametrize("users", [100, 10_000, 100_000])
def test_a_chosen_design_is_within_all_bounds_and_a_tenth_less_is_not(users: int) -> None:
    size = replace(SIZE, users=users, deliveries=10.0 * users)
    design = choose(COSTS, size, BOUNDS)
    assert design is not None
    assert bottleneck(loads(COSTS, size, design, BOUNDS), BOUNDS)[1] <= 1
    assert design.machines(BOUNDS) * BOUNDS.machine_processes >= design.workers + design.redis
    if design.workers > 1:
        fewer = replace(design, workers=int(design.workers * 0.9))
        assert bottleneck(loads(COSTS, size, fewer, BOUNDS), BOUNDS)[1] > 1


def test_where_each_worker_has_too_much_to_read_no_design_is_made_up_and_installations_divide_it() -> None:
    size = replace(SIZE, quotes=500_000, deliveries=1_000_000)
    assert choose(COSTS, size, BOUNDS) is None
    assert bottleneck(loads(COSTS, size, Design(), BOUNDS), BOUNDS)[0] == BUS
    design = choose(COSTS, size, BOUNDS, installations=40)
    assert design is not None
    assert bottleneck(loads(COSTS, size, design, BOUNDS), BOUNDS)[1] <= 1


def test_the_fewest_installations_are_taken_that_spend_little_more_than_the_cheapest() -> None:
    size = replace(SIZE, quotes=100_000, deliveries=1_000_000)
    row = carry(COSTS, size, BOUNDS, (8, 16, 32, 64))
    spent = {
        count: loads(COSTS, size, design, BOUNDS).cores
        for count in (8, 16, 32, 64)
        if (design := choose(COSTS, size, BOUNDS, count))
    }
    assert row.design is not None
    assert row.design.installations == min(count for count in spent if spent[count] <= SPARED * min(spent.values()))


def test_every_size_has_a_row_and_the_chart_has_both_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.simulate.report.DOUBLINGS", 3)
    monkeypatch.setattr("bench.simulate.design.PARTS", (32, 64))
    for _, rows in variants(COSTS, BOUNDS):
        assert design_table(rows, BOUNDS).count("\n") == len(rows) + 1
    assert cost_table(COSTS).count("\n") > 10
    assert check_table([]).count("|") > 10
    drawn = panels(COSTS, BOUNDS)
    assert [point[0] for point in drawn["workers"]["several installations"]] == [size.users for size in between()]
    assert drawn["workers"]["one installation"] == []


def test_throughput_is_told_as_a_ratio_in_the_same_run() -> None:
    found = {"moved_1_queue": 100_000.0, "moved_2_queues": 110_000.0, "moved_2_queues_2_redis": 190_000.0}
    table = throughput_table({**found, "read_1_queues": 50_000.0, "read_2_queues": 45_000.0})
    assert "| 190,000 | 1.90 |" in table
    assert "| 45,000 | 0.90 |" in table
