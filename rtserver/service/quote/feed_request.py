"""FeedRequest: the request of a subscriber of ``quotes``, checked, and the name of the feed that answers it.

Two requests that mean the same get the same topic, so that they share one feed.
"""

import math
from functools import lru_cache
from typing import Annotated

import msgspec

from rtserver.market.indicator.indicator import Indicator, IndicatorError, parse_indicators
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.service.message import BadData
from rtserver.service.quote.tick import check_key

MAX_PERIOD = 86_400 * 7
"""Seconds: a week."""

KEPT_NAMES = 1_024
"""Checked requests that are kept: after a restart all clients ask for the same feeds. Two indicators take 30 µs."""


class FeedRequestError(ValueError):
    """A request that cannot be served. ``str`` of it is fit for the client."""


class FeedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request as it crosses the bridge. ``period`` is in seconds; 0 asks for every tick."""

    quote: str
    period: Annotated[float, msgspec.Meta(ge=0, le=MAX_PERIOD)] = 0
    indicators: tuple[str, ...] = ()


class FeedName(msgspec.Struct, frozen=True):
    """A checked request: the quote, the period and the indicators of a feed, and the key of its topic."""

    topic: str
    quote: str
    period_ms: int
    indicators: tuple[Indicator, ...]


def read_request(request: object, registry: IndicatorRegistry) -> FeedName:
    """Check a request of plain data: ``{"quote": str, "period": number, "indicators": [str, ...]}``.

    Raises ``FeedRequestError``.
    """
    try:
        return _name_of(msgspec.convert(request, FeedRequest), registry)
    except (msgspec.ValidationError, BadData, IndicatorError) as error:
        raise FeedRequestError(str(error)) from error


@lru_cache(maxsize=KEPT_NAMES)
def _name_of(asked: FeedRequest, registry: IndicatorRegistry) -> FeedName:
    check_key(asked.quote)
    period_ms, indicators = _milliseconds(asked.period), parse_indicators(asked.indicators, registry)
    topic = f"quotes/{asked.quote}/{period_ms}/{','.join(map(str, indicators))}"
    return FeedName(topic, asked.quote, period_ms, indicators)


def _milliseconds(period: float) -> int:
    exact = period * 1000
    if not math.isclose(exact, round(exact), rel_tol=1e-9, abs_tol=0):
        raise FeedRequestError(f"period {period} is not a whole number of milliseconds")
    return round(exact)
