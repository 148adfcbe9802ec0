"""Drawing of what is new on a chart. Pure."""

from collections.abc import Callable, Hashable
from typing import TypeAlias

from rtserver.base.bridge.message import Update
from rtserver.base.wire import json
from rtserver.base.wire.client_message import encode_around
from rtserver.modules.chart import Chart
from rtserver.modules.look import Look

MYCHARTS = "mycharts"
MOST_CORRECTED = 200
"""Corrected rows of one message. More of them cost about as much as a new picture, and could be too long to send."""

OnStale: TypeAlias = Callable[[str, Hashable], object]
"""A function that gets the topic and the group whose subscribers need a new picture."""


class ChartUpdates:
    """The drawing of a feed's updates for one ``group`` of clients: those with equal charts.

    Corrected rows are for charts that take them. Others need a new picture, as all do
    where an update says so, and ``on_stale`` is told.
    """

    __slots__ = ("_chart", "_head", "_on_stale", "_takes_corrections", "group")

    def __init__(self, chart: Chart, look: Look, epoch: str, on_stale: OnStale) -> None:
        self._chart = chart
        self._head: dict[str, object] = {
            "type": "render",
            "update": "dynamic",
            "chart_id": look.chart_id,
            "epoch": epoch,
        }
        self._on_stale = on_stale
        self._takes_corrections = look.takes_corrections
        self.group: Hashable = (MYCHARTS, look.chart_id, look.shape, look.takes_corrections)

    def __call__(self, update: Update) -> bytes:
        """Return the dynamic render as a message, empty if there is nothing to send.

        A client without ``prev_seq`` of this ``epoch`` has a gap. One without rows says that the quote is alive.
        """
        rows = update.payload
        if update.corrected or update.needs_picture:
            is_short = len(update.corrected) <= MOST_CORRECTED
            if self._takes_corrections and is_short and not update.needs_picture:
                rows = (*update.corrected, *rows)
            else:
                self._on_stale(update.topic, self.group)
                if not rows:
                    return b""
        data = {**self._head, "seq": update.seq, "prev_seq": update.prev_seq}
        if update.fields:
            data["quote"] = update.fields
        data["chart"] = {"series": self._chart.increments(rows)}
        return encode_around(MYCHARTS, json.encode(data))
