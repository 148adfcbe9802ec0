"""Charts with a quote service in the test's hand: what it answers, and when."""

from functools import partial
from typing import Any

from rtserver.base.bridge.message import Refused, Row, Snapshot, Subscribe, Table, Unsubscribe, Update
from rtserver.handlers.mycharts import MyChartMsgHandler
from rtserver.modules.chart import BASE_COLUMNS
from rtserver.user.user_limits import UserBounds
from tests.handlers.market import chart_request
from tests.user_side import Client, Online, StillTime


def row(label: int, price: float = 1) -> Row:
    return (label, price, price, price, price, None)


def table(*labels: int, **more: Any) -> Table:
    return Table(BASE_COLUMNS, tuple(row(label) for label in labels), **more)


class QuoteDesk:
    """The websocket side; questions to the service are answered by ``show`` and ``refuse``."""

    def __init__(self, *, bounds: UserBounds | None = None, **more: Any) -> None:
        handler = partial(MyChartMsgHandler, call_later=self._call_later, now_ms=self._now_ms, **more)
        self.online = Online(handler, bounds=bounds)
        self.topic = "t"
        self.asked: list[Subscribe] = []
        self.ended: list[int] = []

    @property
    def time(self) -> StillTime:
        return self.online.time

    def ask(self, client: Client, request_id: int | None = None, **request: Any) -> dict[str, Any]:
        """Send a chart request. Return the request that the service gets."""
        return self.send(client, chart_request(**request), request_id)[-1].request

    def ask_more(self, client: Client, request_id: int | None = None, **request: Any) -> list[Subscribe]:
        """Send a request for a page. Return what the service is asked."""
        return self.send(client, {"type": "more", "chart_id": "c1", "before": 100, "count": 2, **request}, request_id)

    def send(self, client: Client, data: object, request_id: int | None = None) -> list[Subscribe]:
        client.send("mycharts", data, **({} if request_id is None else {"id": request_id}))
        return self.take_asked()

    def take_asked(self) -> list[Subscribe]:
        """The new questions to the service."""
        posted = self.online.take_posted()
        asked = [message for message in posted if isinstance(message, Subscribe)]
        self.asked += asked
        self.ended += [message.ref for message in posted if isinstance(message, Unsubscribe)]
        return asked

    def show(self, client: Client, shown: Table, seq: int = 1) -> list[dict[str, Any]]:
        """Answer the last question. Return what the client gets."""
        self.answer(self.asked[-1], shown, seq)
        self.take_asked()
        return client.wire.take()

    def answer(self, asked: Subscribe, shown: Table, seq: int) -> None:
        """Answer a question."""
        self.online.users.handle(Snapshot(asked.agent, asked.ref, self.topic, seq, shown))

    def refuse(self, client: Client, code: str, text: str) -> list[dict[str, Any]]:
        """Refuse the last question. Return what the client gets."""
        asked = self.asked[-1]
        self.online.users.handle(Refused(asked.agent, asked.ref, code, text))
        return client.wire.take()

    def update(self, seq: int, *rows: Row, corrected: tuple[Row, ...] = (), **more: Any) -> None:
        self.online.users.handle(Update("t", seq, rows, corrected=corrected, **more))

    def open_chart(self, client: Client, shown: Table | None = None, topic: str = "t", **request: Any) -> None:
        """Ask for a chart, and show it."""
        self.topic = topic
        self.ask(client, **request)
        self.show(client, table(100) if shown is None else shown)
        self.topic = "t"

    def _now_ms(self) -> float:
        return 1000 * self.time.now

    def _call_later(self, seconds: float, callback: Any) -> object:
        return self.online.time.call_later(seconds, callback)
