"""The ``mycharts`` messages that show a chart: whole, and what is new on it.

Decides what is drawn once for many: thousands of clients that come back at the same moment ask for the same picture,
and one drawing, one encoding and mostly one message serve them all. There is one painter per server.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

import msgspec

from rtserver.base.messages import Snapshot, Update
from rtserver.base.payload import Payload
from rtserver.base.wire import json
from rtserver.base.wire.client_message import encode, encode_around
from rtserver.modules.chart import Chart, Shape
from rtserver.user.audience import Draw

MYCHARTS = "mycharts"
ENVELOPE_BYTES = 1_024
"""More than the message around a picture has, the id of the request included."""
SHRINK = 0.95
"""Rows are not equally long: a picture that is too long gets a little fewer than fit on average."""


class Look(msgspec.Struct, frozen=True):
    """What a client wants to see of a feed. Two clients with equal looks are sent equal bytes."""

    chart_id: int | str
    shape: Shape
    title: str


class Picture(msgspec.Struct, frozen=True):
    """A drawn snapshot: the ``data`` of its message as JSON, and the chart that draws what follows."""

    chart: Chart
    data: bytes


class RecentlyUsed:
    """The last ``length`` values that were asked for."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._values: OrderedDict[Hashable, Any] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The value of ``key``, made if it is not there."""
        if key not in self._values:
            self._values[key] = make()
            if len(self._values) > self._length:
                self._values.popitem(last=False)
        self._values.move_to_end(key)
        return self._values[key]


class ChartPainter:
    """Draws snapshots and updates. ``drawn`` counts the pictures, not the clients who got them.

    ``epoch`` tells the numbers of this start of the server from those of another. ``largest`` is in bytes of JSON: a
    picture that would be longer has fewer rows, the newest.
    """

    def __init__(self, epoch: str, kept_pictures: int = 64, largest: int = 2_000_000) -> None:
        self.drawn = 0
        self._epoch = epoch
        self._largest = max(1, largest - ENVELOPE_BYTES)
        self._pictures = RecentlyUsed(kept_pictures)
        self._renders = RecentlyUsed(kept_pictures)

    def render(self, snapshot: Snapshot, look: Look, request_id: int | str | None = None) -> Payload:
        """The static render as a message; ``request_id`` is that of the request which it answers."""
        key = (snapshot.topic, snapshot.seq, look, request_id)
        render: Payload = self._renders.get(
            key, lambda: Payload(encode_around(MYCHARTS, self._picture(snapshot, look).data, request_id))
        )
        return render

    def follow(self, snapshot: Snapshot, look: Look) -> tuple[Hashable, Draw]:
        """The group of all who see the same updates of this topic, and how to draw them."""
        chart = self._picture(snapshot, look).chart
        return (MYCHARTS, look.chart_id, look.shape), partial(draw_update, chart, look.chart_id, self._epoch)

    def _picture(self, snapshot: Snapshot, look: Look) -> Picture:
        key = (snapshot.topic, snapshot.seq, look)
        picture: Picture = self._pictures.get(key, lambda: self._draw(snapshot, look))
        return picture

    def _draw(self, snapshot: Snapshot, look: Look) -> Picture:
        self.drawn += 1
        chart = Chart(look.shape, snapshot.payload.columns, look.title)
        data = {
            "type": "render",
            "update": "static",
            "chart_id": look.chart_id,
            "epoch": self._epoch,
            "seq": snapshot.seq,
        }
        rows = snapshot.payload.rows
        while True:
            encoded = json.encode({**data, "chart": chart.picture(rows)})
            if len(encoded) <= self._largest or not rows:
                return Picture(chart, encoded)
            rows = rows[len(rows) - int(len(rows) * SHRINK * self._largest / len(encoded)) :]


def draw_update(chart: Chart, chart_id: int | str, epoch: str, update: Update) -> bytes:
    """The dynamic render as a message. Who has not seen ``prev_seq``, of this ``epoch``, has missed something."""
    data = {
        "type": "render",
        "update": "dynamic",
        "chart_id": chart_id,
        "epoch": epoch,
        "seq": update.seq,
        "prev_seq": update.prev_seq,
        "chart": {"series": chart.increments(update.payload)},
    }
    return encode(MYCHARTS, data)
