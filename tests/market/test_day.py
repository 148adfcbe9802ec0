"""Days: dates as numbers, and their weeks, months and years."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.market.day import (
    date_of_day,
    day_of_date,
    first_of_month,
    monday_of,
    month_of,
    read_day,
    weekday_of,
    year_of,
)


@pytest.mark.parametrize("text", ["1970-01-02", "19700102"])
def test_a_date_is_read_with_and_without_its_dashes(text: str) -> None:
    assert read_day(text) == 1


@pytest.mark.parametrize("text", ["", "1970-1-2", "1970-0102", "2026-02-29", "20260001", "2026-01-05T00:00"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no date of the form 2026-01-05"):
        read_day(text)


@given(st.dates())
def test_days_agree_with_datetime(value: date) -> None:
    day = day_of_date(value)
    assert date_of_day(day) == value
    assert read_day(value.isoformat()) == day
    assert weekday_of(day) == value.weekday()
    assert year_of(day) == value.year
    assert month_of(day) == value.year * 12 + value.month - 1
    assert first_of_month(month_of(day)) == day_of_date(value.replace(day=1))
    assert monday_of(day) <= day < monday_of(day) + 7
    assert weekday_of(monday_of(day)) == 0


@given(st.integers(-(10**8), 10**8))
def test_months_go_on_beyond_the_years_of_datetime(day: int) -> None:
    month = month_of(day)
    assert first_of_month(month) <= day < first_of_month(month + 1)
    assert 28 <= first_of_month(month + 1) - first_of_month(month) <= 31
    assert month_of(day + 146_097) == month + 4_800
