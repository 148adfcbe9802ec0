"""Unit costs from runs, and the check against runs that they do not come from."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from bench.simulate.fit import MOST_ERROR, all_costs, check, delivery_bytes, entry_bytes, fit
from bench.simulate.measured import FITTED, SERVERS, Measured, as_json
from bench.simulate.run import Load, Run
from tests.bench.simulate.made import COSTS, LOADS, run_of, runs_of

FITTED_SERVERS = [SERVERS[name] for name in FITTED]
HELD_OUT = [server for name, server in SERVERS.items() if name not in FITTED]


def test_the_fit_finds_the_costs_of_servers_that_are_as_the_model_says() -> None:
    found = fit(runs_of(COSTS, *FITTED_SERVERS))
    for name in ("turn", "decode", "skip", "frame", "quote", "half_cold", "redis_entry", "redis_read", "redis_turn"):
        assert getattr(found, name) == pytest.approx(getattr(COSTS, name), rel=0.1), name


def test_servers_that_the_fit_has_not_seen_are_foretold() -> None:
    checked = check(fit(runs_of(COSTS, *FITTED_SERVERS)), runs_of(COSTS, *HELD_OUT))
    assert len(checked) == len(HELD_OUT) * sum(not load.backlog for load in LOADS)
    assert max(max(abs(each.error), abs(each.redis_error)) for each in checked) < 0.03


def test_a_cost_that_would_be_below_zero_is_none() -> None:
    runs = [replace(run, busy=run.busy + 0.02 / run.workers) for run in runs_of(COSTS, (1, 1), (4, 1))]
    found = fit(runs)
    assert all(value >= 0 for value in asdict(found).values())


@pytest.mark.parametrize("name", ["busy", "redis_busy"])
@pytest.mark.parametrize(("factor", "is_near"), [(1 + MOST_ERROR / 2, True), (1 + 2 * MOST_ERROR, False)])
def test_a_run_that_the_model_misses_is_seen(name: str, factor: float, is_near: bool) -> None:
    costs = fit(runs_of(COSTS, *FITTED_SERVERS))
    run = run_of(COSTS, Load("aside", 1_000, 2, 200), 2)
    (checked,) = check(costs, [replace(run, **{name: factor * getattr(run, name)})])
    assert checked.is_near == is_near


def test_of_repeats_the_one_that_spent_the_least_counts_and_the_others_tell_how_far_apart_they_were() -> None:
    run = run_of(COSTS, Load("aside", 1_000, 2, 200), 2)
    (checked,) = check(COSTS, [replace(run, busy=1.2 * run.busy), run])
    assert checked.apart == pytest.approx(0.2)
    assert checked.run == run
    assert checked.error == pytest.approx(0, abs=0.01)


def test_the_fit_takes_the_repeats_that_spent_the_least() -> None:
    runs = runs_of(COSTS, (1, 1), (4, 1))
    assert fit([*(replace(run, busy=2 * run.busy) for run in runs), *runs]) == fit(runs)


def test_bytes_of_an_entry_are_what_further_readers_add() -> None:
    load = Load("aside", 3_000, 5, 200)
    runs = [replace(run_of(COSTS, load, workers), redis_sent=30_000 * (50 + 200 * workers)) for workers in (1, 4)]
    assert entry_bytes(runs) == pytest.approx(200)
    assert delivery_bytes(runs_of(COSTS, (1, 1))) == pytest.approx(100)


def test_what_was_measured_is_kept_and_read_again(tmp_path: Path) -> None:
    measured = Measured()
    runs = runs_of(COSTS, (1, 1))
    other = {"connection_us": 200.0, "redis_user_us": 20.0}
    measured.put("1worker", 1, {"made_by": {}, "runs": as_json(runs), **other})
    measured.put("1worker", 2, {"made_by": {}, "runs": as_json(runs[:1]), **other})
    measured.put("1worker", 2, {"made_by": {}, "runs": as_json(runs[:2]), **other, "redis_user_us": 30.0})
    measured.save(tmp_path / "measured.json")
    found = Measured.load(tmp_path / "measured.json")
    assert found.fitted() == [*runs, *runs[:2]]
    assert found.held_out() == []
    assert found.mean("1worker", "redis_user_us") == 25


def test_the_measured_file_has_all_that_the_tables_need() -> None:
    costs = all_costs(Measured.load())
    assert min(costs.frame, costs.turn, costs.redis_entry, costs.entry_bytes, costs.connection) > 0


def test_a_run_survives_json() -> None:
    run = run_of(COSTS, LOADS[1], 2)
    assert Run.of_json(json.loads(json.dumps(asdict(run)))) == run
