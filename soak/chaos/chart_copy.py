"""A page's copy of one chart: what it shows, and when it has to ask for a fresh picture.

Pure. Keeps the rules for whoever draws (docs/csprotocols.readme.md, "mycharts: what comes back"): the picture first,
then every row after it; a row that does not follow the last one is a gap, and a gap asks for a new picture.
"""

from typing import Any

from soak.chaos.numbered import price


class BadChartError(Exception):
    """The server has drawn what it was never sent. ``str(error)`` says what."""


class ChartCopy:
    """The points of the quote ``item`` under ``chart_id``. ``numbers`` are the labels of the points shown."""

    def __init__(self, chart_id: str, exchange: str, item: str, date: str) -> None:
        self.chart_id = chart_id
        self.numbers: list[int] = []
        self.pictures = 0
        self._wanted = {"type": "quote", "chart_id": chart_id, "exchange": exchange, "item": item, "date": date}
        self._seq: int | None = None  # None: waiting for a picture
        self._epoch: Any = None
        self._asked = 0

    @property
    def is_drawn(self) -> bool:
        """Tell whether it shows a picture, and is not waiting for one."""
        return self._seq is not None

    def request(self) -> dict[str, Any]:
        """The message that asks for a picture and all that follows; what still comes for earlier ones is ignored."""
        self._seq = None
        self._asked += 1
        return {"type": "mycharts", "data": {**self._wanted, "update": "dynamic"}, "id": self._request_id}

    def on_render(self, data: dict[str, Any], answer_to: Any) -> bool:
        """A render for this chart; whether a fresh picture has to be asked for. Raises ``BadChartError``."""
        if data["update"] == "static":
            if answer_to == self._request_id:
                self._begin(data)
            return False
        if self._seq is None:
            return False  # what was meant for the picture before
        return self._go_on(data)

    @property
    def _request_id(self) -> str:
        return f"{self.chart_id}/{self._asked}"

    def _begin(self, data: dict[str, Any]) -> None:
        points = data["chart"]["series"][0]["data"]
        self.numbers = [self._number(point) for point in points]
        self._seq, self._epoch = data["seq"], data.get("epoch")
        self.pictures += 1

    def _go_on(self, data: dict[str, Any]) -> bool:
        rows = data["chart"]["series"]
        follows = data.get("prev_seq", data["seq"] - len(rows))
        if follows != self._seq or data.get("epoch") != self._epoch:
            return True
        self.numbers += [self._number(row[1:]) for row in rows]
        self._seq = data["seq"]
        return False

    def _number(self, point: list[Any]) -> int:
        number, value = point
        if value != price(number):
            raise BadChartError(f"{self.chart_id} shows {value} at {number}, which was {price(number)}")
        return int(number)
