"""Series of a chart, made from a feed's columns and rows. Pure.

The series in order. Their indexes are the same in a static picture and in a dynamic increment:

| shape   | index 0, on the axis "price"           | index 1                      |
|---------|----------------------------------------|------------------------------|
| line    | line of the close                      |                              |
| bar     | bar of the close                       |                              |
| scatter | scatter of the close                   |                              |
| ohlc    | candlestick of open, close, low, high  | bar on its own axis "volume" |

One series per indicator column follows, in the feed's order, on the axis and of the type that its style says. A cell
without a value yet (None) makes no point.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import Literal, TypeAlias, cast

import msgspec

from rtserver.base.bridge.message import Cell, Row, Style
from rtserver.modules.trading_days import DayStart

Shape: TypeAlias = Literal["line", "ohlc", "bar", "scatter"]

BASE_COLUMNS = ("label", "open", "close", "low", "high", "volume")
CANDLE = ("open", "close", "low", "high")
PRICE = "price"
VOLUME = "volume"
NO_STYLES: Mapping[str, Style] = MappingProxyType({})
SeriesType: TypeAlias = Literal["line", "candlestick", "bar", "scatter"]


class Series(msgspec.Struct, frozen=True):
    """One series: its type, the name of its y axis, and the columns of its values."""

    name: str
    type: SeriesType
    axis: str
    columns: tuple[str, ...]


class Chart:
    """The series of one shape over one feed's columns, ready to draw any of its rows.

    ``decimals`` is the number of decimals of the prices, if the quote gives it. ``styles`` are those of the columns
    of indicators. ``zone`` is the exchange's time zone, if it has one of its own.
    """

    def __init__(
        self,
        shape: Shape,
        columns: Sequence[str],
        title: str,
        decimals: int | None = None,
        *,
        styles: Mapping[str, Style] = NO_STYLES,
        zone: str | None = None,
    ) -> None:
        self._decimals = decimals
        self._zone = {} if zone is None else {"zone": zone}
        self.series = tuple(list_series(shape, columns, title, styles))
        self.axes = tuple(dict.fromkeys(each.axis for each in self.series))
        self._points = tuple(_points_of(each, columns) for each in self.series)

    def picture(self, rows: Sequence[Row]) -> dict[str, object]:
        """Return the whole chart: the ``chart`` of a static render."""
        series = [{**head, "data": self.points(index, rows)} for index, head in enumerate(self.series_heads)]
        return {**self.frame(rows), "series": series}

    def frame(self, rows: Sequence[Row], days: Sequence[DayStart] = ()) -> dict[str, object]:
        """Return the picture without its series. ``days`` are the trading days of its labels, where they are told."""
        told = {"days": days} if days else {}
        return {
            "legends": [each.name for each in self.series],
            "xAxis": {"type": "category", "data": [row[0] for row in rows], **self._zone, **told},
            "yAxis": [self._axis(axis) for axis in self.axes],
        }

    def _axis(self, name: str) -> dict[str, object]:
        is_said = name == PRICE and self._decimals is not None
        return {"name": name, "decimals": self._decimals} if is_said else {"name": name}

    @property
    def series_heads(self) -> list[dict[str, object]]:
        """Each series without its ``data``, which ``points`` returns."""
        return [
            {"name": each.name, "type": each.type, "yAxisIndex": self.axes.index(each.axis)} for each in self.series
        ]

    def points(self, index: int, rows: Iterable[Row]) -> list[tuple[Cell, ...]]:
        """Return the points of a series for the rows."""
        return [point for point in map(self._points[index], rows) if None not in point]

    def increments(self, rows: Iterable[Row]) -> list[tuple[Cell, ...]]:
        """Return ``(series index, label, value, ...)`` for each new row and series, row by row."""
        points = tuple(enumerate(self._points))
        return [(index, *point) for row in rows for index, point_of in points if None not in (point := point_of(row))]


def list_series(
    shape: Shape, columns: Sequence[str], title: str, styles: Mapping[str, Style] = NO_STYLES
) -> Iterable[Series]:
    """Yield the series of a shape, in order. ``title`` names the first."""
    if shape == "ohlc":
        yield Series(title, "candlestick", PRICE, CANDLE)
        yield Series(VOLUME, "bar", VOLUME, (VOLUME,))
    else:
        yield Series(title, shape, PRICE, ("close",))
    for column in columns:
        if column not in BASE_COLUMNS:
            style = styles[column]
            yield Series(column, cast(SeriesType, style.kind), style.axis, (column,))


def _points_of(series: Series, columns: Sequence[str]) -> Callable[[Row], tuple[Cell, ...]]:
    """Return the function from a row to the label and the values of the series."""
    places = [columns.index(column) for column in series.columns]
    return cast(Callable[[Row], tuple[Cell, ...]], itemgetter(0, *places))
