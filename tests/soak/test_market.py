"""The run with many instruments: their past, their ticks, and what counts as a fault."""

import subprocess
import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from soak.market.fill import Plan
from soak.market.kept import mark_of
from soak.market.past import DAY_MS, day_bars, minute_bars, quotes, trading_days
from soak.market.report import Pictures, Sample, faults, growth, memory_table, picture_table
from soak.market.ticks import Ticks

REPOSITORY = Path(__file__).resolve().parents[2]
RUN_SECONDS = 240.0
DAY = 20_000  # 2024-10-04, a Friday


def flat(count: int = 8) -> list[Sample]:
    return [Sample(float(number), 1 << 30, 1 << 20) for number in range(count)]


def test_the_past_has_no_weekends_and_ends_before_today() -> None:
    days = trading_days(DAY + 4, 3)
    assert days == [DAY - 1, DAY, DAY + 3]
    assert {datetime.fromtimestamp(day * 86_400, UTC).isoweekday() for day in trading_days(DAY, 100)} == {
        1,
        2,
        3,
        4,
        5,
    }


def test_minutes_follow_each_other_and_are_sound_bars() -> None:
    bars = minute_bars(3, DAY, 390)
    assert [bar.label for bar in bars] == list(range(DAY * DAY_MS + 9 * 3_600_000, bars[-1].label + 1, 60_000))
    assert len(bars) == 390
    for bar in bars + day_bars(3, trading_days(DAY, 500)):
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.volume
        assert bar.time == bar.label


def test_a_daily_bar_is_of_the_year_of_its_day() -> None:
    days = [19_722, 19_723, 20_088, 20_089]  # 2023-12-31, 2024-01-01, 2024-12-31, 2025-01-01
    assert [bar.group for bar in day_bars(0, days)] == [2023, 2024, 2024, 2025]


def test_ticks_are_of_all_instruments_in_turn() -> None:
    keys = [item[0] for item in islice((item for item in Ticks("3", "1000") if item), 7)]
    assert keys == (quotes(3) * 3)[:7]


def test_memory_that_stands_still_and_quick_pictures_are_no_fault() -> None:
    pictures = Pictures(most_ms=20)
    pictures.add(5_000_000, 1000)
    assert list(faults(flat(), {"memory": pictures}, [0] * 8)) == []
    assert list(memory_table(flat()))[-1] == "| 7 | 1,024 | 1 |"
    assert "| memory | 1 | 1,000 | 5.0 | 5.0 | 5.0 | 20 |" in list(picture_table({"memory": pictures}))


def test_growth_slowness_and_a_list_that_never_empties_are_faults() -> None:
    rising = [Sample(20.0 * number, (100 + number) << 20, 0) for number in range(40)]
    assert growth(rising) > 0.03
    slow, none, short = Pictures(20), Pictures(60), Pictures(60, least_rows=1000)
    slow.add(25_000_000, 1000)
    short.add(1_000_000, 999)
    found = list(faults(rising, {"memory": slow, "Redis": none, "days": short}, [500] * 40))
    assert [line.split()[0] for line in found] == ["GROWN", "SLOW", "NO", "SHORT", "BEHIND"]
    assert list(faults([each._replace(seconds=each.seconds / 10) for each in rising], {}, [])) == []


SMALL = ["--instruments", "12", "--rate", "200", "--minute-days", "2", "--months", "2", "--deep", "1"]


def run(*options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "soak.market", *SMALL, *options]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=RUN_SECONDS, check=False)


@pytest.mark.soak
def test_a_short_run_measures_a_real_server_over_a_past_that_was_stored_before(tmp_path: Path) -> None:
    store = tmp_path / "market.rdb"
    assert run("--seconds", "0", "--store", str(store)).returncode == 0
    kept = store.read_bytes()
    done = run("--seconds", "3", "--store", str(store))
    assert done.returncode in (0, 1), done.stderr
    assert "bars stored" not in done.stderr
    assert store.read_bytes() == kept
    rows = [line.split("|")[1:-1] for line in done.stdout.splitlines() if line.startswith("|")]
    assert len([row for row in rows if len(row) == 3]) > 3
    pictures = [row for row in rows if "(" in row[0]]
    assert len(pictures) == 4, done.stdout + done.stderr
    assert all(int(row[1]) >= 2 and float(row[3]) > 0 for row in pictures)


def test_a_file_with_the_past_of_another_plan_is_made_anew(tmp_path: Path) -> None:
    store = tmp_path / "market.rdb"
    for minutes in ("30", "31"):
        done = run("--seconds", "0", "--store", str(store), "--minutes-a-day", minutes)
        assert done.returncode == 0, done.stderr
        assert "bars stored" in done.stderr


def test_a_kept_past_is_of_one_plan_and_one_trading_day() -> None:
    plan = Plan(12, 2, 2, 1, 390)
    assert mark_of(plan, DAY + 2) == mark_of(plan, DAY + 3)  # Sunday and Monday: Friday was the last day
    assert mark_of(plan, DAY + 4) != mark_of(plan, DAY + 3)
    assert mark_of(plan._replace(deep=2), DAY + 3) != mark_of(plan, DAY + 3)


def test_what_is_kept_may_fill_up_in_the_first_quarter() -> None:
    filling = [Sample(float(number), min(number, 10) << 20, 0) for number in range(40)]
    assert growth(filling) == 0.0
