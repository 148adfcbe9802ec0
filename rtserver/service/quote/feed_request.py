"""FeedRequest: the request of a subscriber of ``quotes``, checked, and the name of the feed that answers it.

Two requests that mean the same get the same topic, so that they share one feed.
"""

import math
from typing import Annotated

import msgspec

from rtserver.service.message import BadData
from rtserver.service.quote.indicator import Indicator, IndicatorError, parse_indicators
from rtserver.service.quote.tick import check_key

MAX_PERIOD = 86_400 * 7
"""Seconds: a week."""


class FeedRequestError(ValueError):
    """A request that cannot be served. ``str`` of it is fit for the client."""


class FeedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request as it crosses the bridge. ``period`` is in seconds; 0 asks for every tick."""

    quote: str
    period: Annotated[float, msgspec.Meta(ge=0, le=MAX_PERIOD)] = 0
    indicators: tuple[str, ...] = ()


class FeedName(msgspec.Struct, frozen=True):
    """A checked request: the quote, the period and the indicators of a feed."""

    quote: str
    period_ms: int
    indicators: tuple[Indicator, ...]

    @property
    def topic(self) -> str:
        """The key of the feed's topic."""
        return f"quotes/{self.quote}/{self.period_ms}/{','.join(map(str, self.indicators))}"


def read_request(request: object) -> FeedName:
    """Check a request of plain data: ``{"quote": str, "period": number, "indicators": [str, ...]}``.

    Raises ``FeedRequestError``.
    """
    try:
        asked = msgspec.convert(request, FeedRequest)
        check_key(asked.quote)
        return FeedName(asked.quote, _milliseconds(asked.period), parse_indicators(asked.indicators))
    except (msgspec.ValidationError, BadData, IndicatorError) as error:
        raise FeedRequestError(str(error)) from error


def _milliseconds(period: float) -> int:
    exact = period * 1000
    if not math.isclose(exact, round(exact), rel_tol=1e-9, abs_tol=0):
        raise FeedRequestError(f"period {period} is not a whole number of milliseconds")
    return round(exact)
