"""MarketState: whether an exchange trades at a moment, and until when. Pure."""

from typing import NamedTuple

from rtserver.market.calendar.calendar import Calendar


class MarketState(NamedTuple):
    """State of a market, which ``is_open`` or not in [``since_ms``, ``until_ms``).

    ``day`` is the trading day that is on or comes next. ``since_ms`` is None before the
    first session of the calendar, ``until_ms`` behind the last one.
    """

    is_open: bool
    day: int
    since_ms: int | None
    until_ms: int | None


def market_state(calendar: Calendar, now_ms: float) -> MarketState:
    """Return the state at a moment. A break between two sessions of a day counts as closed."""
    near = calendar.session_at(now_ms)
    if near.start_ms <= now_ms < near.end_ms:
        return MarketState(True, near.day, near.start_ms, near.end_ms)
    # The nearest session lies before the moment, or behind it: another one bounds the break on its other side.
    if now_ms < near.start_ms:
        before, after = calendar.session_at(near.begin_ms - 1), near
    else:
        before, after = near, calendar.session_at(near.until_ms)
    since_ms = before.end_ms if before.end_ms <= now_ms else None
    is_last = after.start_ms <= now_ms
    return MarketState(False, after.day, since_ms, None if is_last else after.start_ms)
