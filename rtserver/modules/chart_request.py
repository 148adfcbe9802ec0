"""Requests about charts, as clients send them. Pure."""

from typing import Annotated, Literal, TypeAlias

import msgspec

from rtserver.base.wire.client_message import MAX_SAFE_INTEGER
from rtserver.modules.chart import Shape
from rtserver.user.topic.rate import RATES

MOST_COUNT = 10_000
"""Rows that a request may ask for. What does not fit into a message is left to the next page."""

ChartId: TypeAlias = (
    Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    | Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
)
KeyPart: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
MaxRate: TypeAlias = Annotated[float, msgspec.Meta(ge=RATES[0])]
Indicator: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
Period: TypeAlias = Annotated[float, msgspec.Meta(ge=0)] | Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=MOST_COUNT)]
LAST_MS = 8_640_000_000_000_000
"""The last time of ECMAScript, and with the other sign the first one."""
Moment: TypeAlias = (
    Annotated[int, msgspec.Meta(ge=-LAST_MS, le=LAST_MS)]
    | Annotated[float, msgspec.Meta(ge=-LAST_MS, le=LAST_MS)]
    | Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
)


class ChartRequest(msgspec.Struct, frozen=True, tag_field="type", tag="quote"):
    """Show a quote. ``period`` is the length of a bar, in seconds or as a name such as "1d"; 0 for every tick.

    Without a ``date`` the quote is the continuous one of the item. ``max_rate`` is in updates a second, None for as
    many as there are. ``start``, on the wire ``from``, and ``to`` bound the labels, the second one exclusively;
    ``count`` bounds the rows to the newest ones. A chart with ``corrections`` is sent rows that were corrected, one
    with ``sessions`` the trading days of its rows, and whether its exchange trades.
    """

    chart_id: ChartId
    exchange: KeyPart
    item: KeyPart
    update: Literal["static", "dynamic"]
    date: str | None = None
    period: Period = 0
    shape: Shape = "line"
    indicators: Annotated[tuple[Indicator, ...], msgspec.Meta(max_length=32)] = ()
    max_rate: MaxRate | None = None
    start: Moment | None = msgspec.field(default=None, name="from")
    to: Moment | None = None
    count: Count | None = None
    corrections: bool = False
    sessions: bool = False

    def __post_init__(self) -> None:
        """Check the quote's key and what goes together. The errors name the field and are fit for the client."""
        for name, part in (("exchange", self.exchange), ("item", self.item)):
            if ":" in part or any(map(str.isspace, part)):
                raise ValueError(f"{name} {part!r} may hold neither colons nor spaces")
        date = self.date
        if date is not None and not (len(date) == 8 and date.isascii() and date.isdigit()):
            raise ValueError(f"date {date[:32]!r} is not of the form YYYYMMDD")
        if self.to is not None and self.update == "dynamic":
            raise ValueError('to: a chart that ends there gets no updates; ask for it with "update":"static"')

    @property
    def is_paged(self) -> bool:
        """True for a client that knows of older rows, and asks for them by ``more``."""
        return self.corrections or not self.start is self.to is self.count is None


class MoreRequest(msgspec.Struct, frozen=True, tag_field="type", tag="more"):
    """Send the last ``count`` rows of a chart before the label ``before``."""

    chart_id: ChartId
    before: Moment
    count: Count


class UnlistenRequest(msgspec.Struct, frozen=True, tag_field="type", tag="unlisten"):
    """Show a chart no longer."""

    chart_id: ChartId


class IndicatorsRequest(msgspec.Struct, frozen=True, tag_field="type", tag="indicators"):
    """Tell which indicators there are."""


class RateRequest(msgspec.Struct, frozen=True, tag_field="type", tag="rate"):
    """Show a chart so often from now on."""

    chart_id: ChartId
    max_rate: MaxRate | None
