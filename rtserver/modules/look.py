"""Look: the view of a feed that a client asked for. Pure."""

import msgspec

from rtserver.modules.chart import Shape
from rtserver.modules.chart_part import Part, has_days
from rtserver.modules.chart_request import ChartRequest


class Look(msgspec.Struct, frozen=True):
    """The view of a feed that a client asked for. Clients with equal looks get equal bytes.

    A look ``is_paged`` for a client that knows of older rows: it is told whether there are some. ``part`` is the
    part of the history that was asked for. A page of older rows says the label ``before`` which they were asked for.
    A chart that ``takes_corrections`` is sent corrected rows. One that ``is_dated`` is of a quote with a date. The
    client is told the trading days of labels by the calendar of ``exchange``, unless that is None.
    """

    chart_id: int | str
    shape: Shape
    title: str
    is_paged: bool = False
    part: Part = Part()
    before: float | str | None = None
    takes_corrections: bool = False
    is_dated: bool = False
    exchange: str | None = None

    @classmethod
    def of(cls, request: ChartRequest, part: Part) -> "Look":
        """Return the look of a chart."""
        return cls(
            request.chart_id,
            request.shape,
            request.item,
            request.is_paged,
            part,
            takes_corrections=request.corrections,
            is_dated=request.date is not None,
            exchange=_exchange_of(request),
        )

    @classmethod
    def of_page(cls, chart: ChartRequest, part: Part, before: float | str) -> "Look":
        """Return the look of a page of older rows."""
        return cls(
            chart.chart_id,
            chart.shape,
            chart.item,
            is_paged=True,
            part=part,
            before=before,
            is_dated=chart.date is not None,
            exchange=_exchange_of(chart),
        )


def _exchange_of(chart: ChartRequest) -> str | None:
    """Return the exchange whose trading days are told; None for bars of days, whose labels are trading days."""
    return chart.exchange if chart.sessions and not has_days(chart.period) else None
