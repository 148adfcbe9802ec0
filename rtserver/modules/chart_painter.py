"""Drawing of the ``mycharts`` messages: whole pictures and updates.

Pictures are drawn once for many clients: after a restart thousands of clients ask for the same picture, and one
drawing, one encoding and mostly one message serve them all. A server has one painter.
"""

from collections.abc import Hashable, Mapping, Sequence
from functools import partial

import msgspec

from rtserver.base.bridge.message import Row, Snapshot, Update
from rtserver.base.limit.steps import Steps, finish
from rtserver.base.wire import json
from rtserver.base.wire.client_message import encode_around
from rtserver.base.wire.payload import Payload
from rtserver.modules.chart import Chart, Shape
from rtserver.modules.recently_used import RecentlyUsed
from rtserver.user.topic.subscriber import Draw

MYCHARTS = "mycharts"
ENVELOPE_BYTES = 1_024
"""Upper bound of the message around a picture, the id of the request included."""
SHRINK = 0.95
"""Factor for a picture that is too long: rows are not equally long, so it gets fewer than fit on average."""


ROWS_OF_A_STEP = 500
"""Rows that one step draws of one series, at 1 µs each."""


class Look(msgspec.Struct, frozen=True):
    """The view of a feed that a client asked for. Clients with equal looks get equal bytes."""

    chart_id: int | str
    shape: Shape
    title: str


class Picture(msgspec.Struct, frozen=True):
    """A drawn snapshot: the ``data`` of its message as JSON, and the chart that draws what follows."""

    chart: Chart
    data: bytes


class ChartPainter:
    """Draws snapshots and updates.

    ``epoch`` tells the sequence numbers of this start of the server from those of another. A picture of more than
    ``largest`` bytes of JSON is drawn with fewer rows, the newest.
    """

    def __init__(self, epoch: str, kept_pictures: int = 64, largest: int = 2_000_000) -> None:
        self._epoch = epoch
        self._largest = max(1, largest - ENVELOPE_BYTES)
        self._pictures: RecentlyUsed[Picture] = RecentlyUsed(kept_pictures)
        self._drawings: dict[Hashable, Steps[Picture]] = {}
        self._renders: RecentlyUsed[Payload] = RecentlyUsed(kept_pictures)

    def render(self, snapshot: Snapshot, look: Look, request_id: int | str | None = None) -> Payload:
        """Return the static render as a message. ``request_id`` is that of the answered request."""
        key = (snapshot.topic, snapshot.seq, look, request_id)
        render = self._renders.find(key)
        if render is None:
            data = self._picture(snapshot, look).data
            render = self._renders.keep(key, Payload(encode_around(MYCHARTS, data, request_id)))
        return render

    def follow(self, snapshot: Snapshot, look: Look) -> tuple[Hashable, Draw]:
        """Return the group of subscribers with the same updates of the topic, and the function that draws them."""
        picture = self._pictures.get((snapshot.topic, snapshot.seq, look)) or self._picture(snapshot, look)
        return (MYCHARTS, look.chart_id, look.shape), partial(draw_update, picture.chart, look.chart_id, self._epoch)

    def is_drawn(self, snapshot: Snapshot, look: Look) -> bool:
        """Return True if ``render`` and ``follow`` find the picture; it counts as used then."""
        key = (snapshot.topic, snapshot.seq, look)
        is_there = key in self._pictures
        if is_there:
            self._pictures.move_to_end(key)
        return is_there

    def prepare(self, snapshot: Snapshot, look: Look) -> Steps[None]:
        """Draw the picture in steps, so that ``render`` and ``follow`` find it.

        Callers that want the same picture share the work: a step of one is a step of all.
        """
        key = (snapshot.topic, snapshot.seq, look)
        while key not in self._pictures:
            if key not in self._drawings:
                self._drawings[key] = self._draw(snapshot, look)
            try:
                next(self._drawings[key])
            except StopIteration as end:
                del self._drawings[key]
                self._pictures.keep(key, end.value)
                return
            except BaseException:
                self._drawings.pop(key, None)
                raise
            yield

    def _picture(self, snapshot: Snapshot, look: Look) -> Picture:
        key = (snapshot.topic, snapshot.seq, look)
        return self._pictures.find(key) or self._pictures.keep(key, finish(self._draw(snapshot, look)))

    def _draw(self, snapshot: Snapshot, look: Look) -> Steps[Picture]:
        table = snapshot.payload
        chart = Chart(look.shape, table.columns, look.title, table.decimals)
        data = {
            "type": "render",
            "update": "static",
            "chart_id": look.chart_id,
            "epoch": self._epoch,
            "seq": snapshot.seq,
        }
        rows = table.rows
        while True:
            encoded = yield from _encode(data, chart, rows)
            if len(encoded) <= self._largest or not rows:
                return Picture(chart, encoded)
            rows = rows[len(rows) - int(len(rows) * SHRINK * self._largest / len(encoded)) :]


def _encode(data: Mapping[str, object], chart: Chart, rows: Sequence[Row]) -> Steps[bytes]:
    """Encode the ``data`` of a static render with the chart's picture in it, in steps."""
    series = []
    for index, head in enumerate(chart.series_heads):
        parts = []
        for first in range(0, len(rows), ROWS_OF_A_STEP):
            parts.append(json.encode(chart.points(index, rows[first : first + ROWS_OF_A_STEP]))[1:-1])
            yield
        series.append(json.encode_with(head, "data", b"[%b]" % b",".join(filter(None, parts))))
    return json.encode_with(data, "chart", json.encode_with(chart.frame(rows), "series", b"[%b]" % b",".join(series)))


def draw_update(chart: Chart, chart_id: int | str, epoch: str, update: Update) -> bytes:
    """Return the dynamic render as a message. A client without ``prev_seq`` of this ``epoch`` has a gap."""
    data = {
        "type": "render",
        "update": "dynamic",
        "chart_id": chart_id,
        "epoch": epoch,
        "seq": update.seq,
        "prev_seq": update.prev_seq,
        "chart": {"series": chart.increments(update.payload)},
    }
    return encode_around(MYCHARTS, json.encode(data))
