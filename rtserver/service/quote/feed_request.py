"""FeedRequest: the request of a subscriber of ``quotes``, checked, and the name of the feed that answers it.

Two requests that mean the same get the same topic, so that they share one feed.
"""

from functools import lru_cache
from typing import Annotated, NamedTuple

import msgspec

from rtserver.base.bridge.message import Style
from rtserver.market.indicator.indicator import Indicator, IndicatorError, parse_indicators
from rtserver.market.indicator.indicator_line import IndicatorLine
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.market.period import Period, PeriodError, parse_period
from rtserver.service.message import BadData
from rtserver.service.quote.tick import MAX_TIME_MS, check_key

COLUMNS = ("label", "open", "close", "low", "high", "volume")

KEPT_NAMES = 1_024
"""Checked requests that are kept: after a restart all clients ask for the same feeds. Two indicators take 30 µs."""

Moment = Annotated[int, msgspec.Meta(ge=-MAX_TIME_MS, le=MAX_TIME_MS)]


class FeedRequestError(ValueError):
    """A request that cannot be served. ``str`` of it is fit for the client."""


class View(NamedTuple):
    """The rows that a viewer wants: labels from ``start_ms`` on and before ``end_ms``, the newest ``most`` of them.

    None is no bound. With ``end_ms`` the view is a page, which never changes.
    """

    start_ms: int | None = None
    end_ms: int | None = None
    most: int | None = None


class FeedRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request as it crosses the bridge. ``period`` is in seconds or a name; 0 asks for every tick.

    The other fields are those of the ``View``.
    """

    quote: str
    period: float | str = 0
    indicators: tuple[str, ...] = ()
    start_ms: Moment | None = None
    end_ms: Moment | None = None
    count: Annotated[int, msgspec.Meta(ge=1)] | None = None


class FeedName(msgspec.Struct, frozen=True):
    """A checked request without its view: the quote, the period and the indicators, and the key of the topic."""

    topic: str
    quote: str
    period: Period
    indicators: tuple[Indicator, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the cells of each row."""
        return COLUMNS + tuple(column for indicator in self.indicators for column in indicator.columns)

    @property
    def styles(self) -> dict[str, Style]:
        """The styles of the columns of indicators."""
        return {
            column: Style(output.axis, output.kind)
            for indicator in self.indicators
            for column, output in zip(indicator.columns, indicator.kind.outputs, strict=True)
        }

    def lines(self) -> list[IndicatorLine]:
        """Return the indicators' lines, which begin."""
        return [indicator.line() for indicator in self.indicators]


def read_request(request: object, registry: IndicatorRegistry) -> tuple[FeedName, View]:
    """Check a request of plain data: ``{"quote": str, "period": number or str, "indicators": [str, ...]}`` and what
    the view has. Raises ``FeedRequestError``.
    """
    try:
        asked = msgspec.convert(request, FeedRequest)
        name = _name_of(asked.quote, asked.period, asked.indicators, registry)
    except (msgspec.ValidationError, BadData, IndicatorError, PeriodError) as error:
        raise FeedRequestError(str(error)) from error
    view = View(asked.start_ms, asked.end_ms, asked.count)
    if view.start_ms is not None and view.end_ms is not None and view.start_ms >= view.end_ms:
        raise FeedRequestError(f"start_ms {view.start_ms} is not before end_ms {view.end_ms}")
    return name, view


@lru_cache(maxsize=KEPT_NAMES)
def _name_of(quote: str, period: float | str, indicators: tuple[str, ...], registry: IndicatorRegistry) -> FeedName:
    check_key(quote)
    found, parsed = parse_period(period), parse_indicators(indicators, registry)
    topic = f"quotes/{quote}/{found.name}/{','.join(map(str, parsed))}"
    return FeedName(topic, quote, found, parsed)
