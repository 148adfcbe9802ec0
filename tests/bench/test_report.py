"""The report: what is missing is named, what is compared is compared in the same run."""

import pytest

from bench.comparison import Numbers, Scale
from bench.goal import GOALS, Goal, goal_table
from bench.publish import BEGIN, END, insert
from bench.report import SECTIONS, add_ratios, milliseconds, report
from bench.scenarios.sweeps import BUSY_RATES, Case

MACHINE = {"processor": "one of two cores", "python": "3.11"}


def run(**rows: Numbers) -> Numbers:
    """A run with one setting."""
    numbers = {"machine": MACHINE, "quick": False, "scenarios": {"fan_out": {"500 subscribers": rows}}}
    add_ratios(numbers)
    return numbers


def swept(rate: float) -> Numbers:
    """A peer that was measured."""
    return {"deliveries_per_second": rate, "steps": [{"offered": 10, "p50": 0.5, "p99": 20.0, "server_busy": 0.25}]}


def test_a_missing_peer_stands_in_the_table_with_its_reason() -> None:
    text = report(run(rtserver=swept(100), other={"missing": "not installed"}))
    assert "| other | missing: not installed |" in text


def test_all_rows_of_a_table_are_equally_wide() -> None:
    text = report(run(rtserver=swept(100), other={"missing": "not installed"}, third=swept(30)))
    rows = [line for line in text.split("**500 subscribers**")[1].splitlines() if line.startswith("|")]
    assert len(rows) == 5
    assert len({row.count("|") for row in rows}) == 1


def test_ratios_are_of_rtserver_in_the_same_setting() -> None:
    numbers = run(rtserver=swept(200), half=swept(100))
    rows = numbers["scenarios"]["fan_out"]["500 subscribers"]
    assert rows["half"]["of_ours"] == {"deliveries/s at most": 0.5}
    assert "| half | 100 | 0.5 | 10 | 0.50 ms | 20 ms | 25.0 % |" in report(numbers)


def test_a_run_without_rtserver_has_no_ratios() -> None:
    numbers = run(half=swept(100))
    assert numbers["scenarios"]["fan_out"]["500 subscribers"]["half"]["of_ours"] == {}


def test_a_quick_run_says_so() -> None:
    numbers = run(rtserver=swept(1))
    assert "quick" not in report(numbers)
    assert "quick run" in report({**numbers, "quick": True})


def test_every_goal_that_was_not_measured_is_named_as_such() -> None:
    assert goal_table(GOALS, {}).count("| not measured |") == len(GOALS)


def test_a_goal_shows_whether_it_was_met() -> None:
    scenarios = {"fan_out": {"500 subscribers": {"rtserver": swept(300), "uWebSockets (socketify)": swept(200)}}}
    assert "| fan-out, times uWebSockets | ≥ 1 | 1.5 | yes |" in goal_table(GOALS, scenarios)
    scenarios["fan_out"]["500 subscribers"]["rtserver"] = swept(100)
    assert "| fan-out, times uWebSockets | ≥ 1 | 0.5 | **no** |" in goal_table(GOALS, scenarios)


def test_latency_is_compared_with_the_c_floor_at_the_same_load() -> None:
    def at(p50: float) -> Numbers:
        return {"steps": [{"offered": 12_500, "p50": 9.0}, {"offered": 50_000, "p50": p50}]}

    rows: Numbers = {"rtserver": at(1.5), "the C floor": at(1.0)}
    line = "| RPUSH to client at 100/s to 500, p50 in the C floor's | ≤ 1.9 |"
    assert f"{line} 1.5 | yes |" in goal_table(GOALS, {"from_redis": {"500 subscribers": rows}})
    rows["the C floor"] = {"missing": "there is no C compiler cc"}
    assert f"{line} not measured |" in goal_table(GOALS, {"from_redis": {"500 subscribers": rows}})


def test_every_load_that_a_goal_names_is_a_step_of_its_scenario() -> None:
    for scale in (Scale(is_quick=True), Scale(is_quick=False)):
        assert {100.0, *BUSY_RATES} <= set(Case("", (), 25, between=BUSY_RATES).rates(scale))


def test_an_upper_bound_is_met_from_below() -> None:
    goal = Goal("x", lambda _: 0.0, 2.0, is_upper=True)
    assert goal.is_met_by(2.0)
    assert not goal.is_met_by(2.1)


def test_the_measured_part_is_replaced_and_the_prose_stays() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    once = insert(text, "new\n")
    assert once == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    assert insert(once, "new") == once


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="measured"):
        insert("nothing here", "new")


def test_small_figures_keep_their_digits() -> None:
    assert [milliseconds(value) for value in (0.077, 9.5, 1234.5)] == ["0.08 ms", "9.50 ms", "1,234 ms"]


def test_every_section_has_columns_with_different_places() -> None:
    for section in SECTIONS.values():
        assert len({column.keys for column in section.columns}) == len(section.columns) > 0
