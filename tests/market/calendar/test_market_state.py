"""States of a market: open, closed, and until when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.market.calendar.calendar import CONTINUOUS, Calendar
from rtserver.market.calendar.market_state import market_state
from rtserver.market.day import DAY_MS, date_of_day, read_day
from tests.market.exchange import futures, globex, moment, shown, stocks, whole_days

FUTURES = futures()


@pytest.mark.parametrize(
    ("now", "is_open", "since", "until", "day"),
    [
        ("2026-03-06 21:00", True, "2026-03-06 21:00:00", "2026-03-07 02:30:00", "2026-03-09"),
        ("2026-03-07 02:30", False, "2026-03-07 02:30:00", "2026-03-09 09:00:00", "2026-03-09"),
        ("2026-03-09 08:59:59", False, "2026-03-07 02:30:00", "2026-03-09 09:00:00", "2026-03-09"),
        ("2026-03-09 09:00", True, "2026-03-09 09:00:00", "2026-03-09 10:15:00", "2026-03-09"),
        ("2026-03-09 10:20", False, "2026-03-09 10:15:00", "2026-03-09 10:30:00", "2026-03-09"),
        ("2026-03-09 15:00", False, "2026-03-09 15:00:00", "2026-03-09 21:00:00", "2026-03-10"),
        ("2026-03-09 20:59:59", False, "2026-03-09 15:00:00", "2026-03-09 21:00:00", "2026-03-10"),
    ],
)
def test_trade_is_on_within_sessions_only(now: str, is_open: bool, since: str, until: str, day: str) -> None:
    state = market_state(FUTURES, moment(FUTURES, now))
    assert state.since_ms is not None
    assert state.until_ms is not None
    told = (
        state.is_open,
        shown(FUTURES, state.since_ms),
        shown(FUTURES, state.until_ms),
        str(date_of_day(state.day)),
    )
    assert told == (is_open, since, until, day)


@given(
    st.sampled_from([FUTURES, stocks(), globex(), whole_days("America/New_York"), CONTINUOUS]),
    st.integers(read_day("2025-12-20") * DAY_MS, read_day("2027-12-31") * DAY_MS),
)
def test_the_next_state_begins_where_this_one_ends(calendar: Calendar, now: int) -> None:
    state = market_state(calendar, now)
    assert state.since_ms is not None
    assert state.until_ms is not None
    assert state.since_ms <= now < state.until_ms
    assert market_state(calendar, state.since_ms) == market_state(calendar, state.until_ms - 1) == state
    following = market_state(calendar, state.until_ms)
    assert following.since_ms == state.until_ms
    assert following.is_open or state.is_open


def test_beyond_the_calendar_nothing_opens_any_more() -> None:
    last = market_state(FUTURES, read_day("2205-01-01") * DAY_MS)
    first = market_state(FUTURES, read_day("1895-01-01") * DAY_MS)
    assert (last.is_open, last.until_ms, first.is_open, first.since_ms) == (False, None, False, None)


def test_an_exchange_has_nights_if_a_session_begins_on_a_date_before_its_trading_day() -> None:
    assert [each.has_nights for each in (FUTURES, globex(), stocks(), CONTINUOUS)] == [True, True, False, False]
