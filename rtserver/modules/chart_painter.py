"""Drawing of the ``mycharts`` messages: whole pictures and updates.

Pictures are drawn once for many clients: after a restart thousands of clients ask for the same picture, and one
drawing, one encoding and mostly one message serve them all. A server has one painter.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import cast
from weakref import ReferenceType, ref

import msgspec

from rtserver.base.bridge.message import Row, Snapshot, Table
from rtserver.base.limit.steps import Steps, finish
from rtserver.base.wire import json
from rtserver.base.wire.client_message import encode_around
from rtserver.base.wire.payload import Payload
from rtserver.market.calendar.exchange_calendars import NO_CALENDARS
from rtserver.market.number import Label
from rtserver.modules.chart import Chart
from rtserver.modules.chart_part import CalendarOf, is_moment
from rtserver.modules.chart_update import MYCHARTS, ChartUpdates, OnStale
from rtserver.modules.look import Look
from rtserver.modules.recently_used import RecentlyUsed
from rtserver.modules.trading_days import DayStart, day_starts
from rtserver.user.topic.subscriber import Draw

ENVELOPE_BYTES = 1_024
"""Upper bound of the message around a picture, the id of the request included."""
SHRINK = 0.95
"""Factor for a picture that is too long: rows are not equally long, so it gets fewer than fit on average."""


ROWS_OF_A_STEP = 500
"""Rows that one step draws of one series, at 1 µs each."""


class Picture(msgspec.Struct, frozen=True):
    """A drawn table: the ``data`` of its message as JSON, and the chart that draws what follows.

    Tables of one ``seq`` may differ, by a correction or by older rows that are there now.
    """

    table: ReferenceType[Table]
    chart: Chart
    data: bytes


class ChartPainter:
    """Draws snapshots and updates.

    ``epoch`` tells the sequence numbers of this start of the server from those of another. A picture of more than
    ``largest`` bytes of JSON is drawn with fewer rows, the newest; so is one of more than ``page`` bytes for a client
    that can ask for the others, where ``page_bytes`` are left for the data. ``on_stale`` is told which pictures do
    not hold any more, because of a correction. ``calendar_of`` gives the calendar of an exchange, for the trading
    days of labels.
    """

    def __init__(
        self,
        epoch: str,
        kept_pictures: int = 64,
        largest: int = 2_000_000,
        *,
        page: int = 131_072,
        on_stale: OnStale = lambda topic, group: None,
        calendar_of: CalendarOf = NO_CALENDARS.of,
    ) -> None:
        self._epoch = epoch
        self._largest = max(1, largest - ENVELOPE_BYTES)
        self.page_bytes = max(1, min(largest, page) - ENVELOPE_BYTES)
        self._on_stale = on_stale
        self._calendar_of = calendar_of
        self._pictures: RecentlyUsed[Picture] = RecentlyUsed(kept_pictures)
        self._drawings: dict[Hashable, Steps[Picture]] = {}
        self._renders: RecentlyUsed[tuple[Picture, Payload]] = RecentlyUsed(kept_pictures)

    def render(self, snapshot: Snapshot, look: Look, request_id: int | str | None = None) -> Payload:
        """Return the picture as a message. ``request_id`` is that of the answered request."""
        picture = self._picture(snapshot, look)
        key = (snapshot.topic, snapshot.seq, look, request_id)
        known = self._renders.find(key)
        if known is None or known[0] is not picture:
            known = (picture, Payload(encode_around(MYCHARTS, picture.data, request_id)))
            self._renders.keep(key, known)
        return known[1]

    def follow(self, snapshot: Snapshot, look: Look) -> tuple[Hashable, Draw]:
        """Return the group of subscribers with the same updates of the topic, and the function that draws them."""
        updates = ChartUpdates(self._picture(snapshot, look).chart, look, self._epoch, self._on_stale)
        return updates.group, updates

    def is_drawn(self, snapshot: Snapshot, look: Look) -> bool:
        """Return True if ``render`` and ``follow`` find the picture; it counts as used then."""
        return self._find(snapshot, look) is not None

    def prepare(self, snapshot: Snapshot, look: Look) -> Steps[None]:
        """Draw the picture in steps, so that ``render`` and ``follow`` find it.

        Callers that want the same picture share the work: a step of one is a step of all.
        """
        key = (id(snapshot.payload), snapshot.seq, look)
        while self._find(snapshot, look) is None:
            if key not in self._drawings:
                self._drawings[key] = self._draw(snapshot, look)
            try:
                next(self._drawings[key])
            except StopIteration as end:
                del self._drawings[key]
                self._keep(snapshot, look, end.value)
                return
            except BaseException:
                self._drawings.pop(key, None)
                raise
            yield

    def _picture(self, snapshot: Snapshot, look: Look) -> Picture:
        return self._find(snapshot, look) or self._keep(snapshot, look, finish(self._draw(snapshot, look)))

    def _find(self, snapshot: Snapshot, look: Look) -> Picture | None:
        picture = self._pictures.find((snapshot.topic, snapshot.seq, look))
        return None if picture is None or picture.table() is not snapshot.payload else picture

    def _keep(self, snapshot: Snapshot, look: Look, picture: Picture) -> Picture:
        return self._pictures.keep((snapshot.topic, snapshot.seq, look), picture)

    def _draw(self, snapshot: Snapshot, look: Look) -> Steps[Picture]:
        table: Table = snapshot.payload
        chart = Chart(look.shape, table.columns, look.title, table.decimals, styles=table.styles, zone=table.zone)
        largest = self.page_bytes if look.is_paged else self._largest
        rows = table.rows
        while True:
            has_older = table.has_older or len(rows) < len(table.rows)
            head = self._head(snapshot, look, has_older=has_older and _has_moment(rows, look))
            encoded = yield from _encode(head, chart, rows, self._days(look, rows))
            if len(encoded) <= largest or not rows:
                return Picture(ref(table), chart, encoded)
            rows = rows[len(rows) - int(len(rows) * SHRINK * largest / len(encoded)) :]

    def _days(self, look: Look, rows: Sequence[Row]) -> Sequence[DayStart]:
        """Return the trading days that are told with the rows."""
        calendar = None if look.exchange is None else self._calendar_of(look.exchange)
        if calendar is None or not calendar.has_nights:
            return ()
        return day_starts(calendar, (cast(Label, row[0]) for row in rows))

    def _head(self, snapshot: Snapshot, look: Look, *, has_older: bool) -> dict[str, object]:
        """Return the ``data`` of a picture without its chart."""
        older = {"older": has_older} if look.is_paged else {}
        if look.before is not None:
            return {"type": "more", "chart_id": look.chart_id, "before": look.before, **older}
        quote = {"quote": snapshot.payload.fields} if snapshot.payload.fields else {}
        return {
            "type": "render",
            "update": "static",
            "chart_id": look.chart_id,
            "epoch": self._epoch,
            "seq": snapshot.seq,
            **older,
            **quote,
        }


def _has_moment(rows: Sequence[Row], look: Look) -> bool:
    """Return True if the client can ask for what is before the first row, or before the label that it asked with."""
    if not rows:
        return look.before is None
    return is_moment(cast(Label, rows[0][0]), is_dated=look.is_dated)


def _encode(data: Mapping[str, object], chart: Chart, rows: Sequence[Row], days: Sequence[DayStart]) -> Steps[bytes]:
    """Encode ``data`` with the chart's picture in it, in steps."""
    series = []
    for index, head in enumerate(chart.series_heads):
        parts = []
        for first in range(0, len(rows), ROWS_OF_A_STEP):
            parts.append(json.encode(chart.points(index, rows[first : first + ROWS_OF_A_STEP]))[1:-1])
            yield
        series.append(json.encode_with(head, "data", b"[%b]" % b",".join(filter(None, parts))))
    frame = json.encode_with(chart.frame(rows, days), "series", b"[%b]" % b",".join(series))
    return json.encode_with(data, "chart", frame)
