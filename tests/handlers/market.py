"""Charts with both sides of the server behind them, and the bridge between them in the test's hand."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from rtserver.base.bridge.message import Message, Subscribe, Unsubscribe
from rtserver.base.limit.cpu_quota import CallLater
from rtserver.handlers.mycharts import MyChartMsgHandler
from rtserver.handlers.ping import PingMsgHandler
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.user_commands import UserCommands
from rtserver.user.policy import Rights
from rtserver.user.user_limits import UserBounds
from tests.service_fakes import at_once, call_at_once
from tests.user_side import Client, Online

DATE = "20130301"
QUOTES = msgspec.json.Decoder(QuoteCenter.data_type)


class Market:
    """Both sides of the bridge, and the mailboxes between them: what is posted waits until ``deliver``."""

    def __init__(
        self,
        *,
        rights: Rights | None = None,
        bounds: UserBounds | None = None,
        call_later: CallLater | None = None,
        **limits: Any,
    ) -> None:
        handlers = (
            PingMsgHandler,
            partial(MyChartMsgHandler, call_later=self._call_later, now_ms=lambda: 0.0, **limits),
        )
        self.online = Online(*handlers, rights=rights, bounds=bounds, call_later=call_later)
        self._to_users: deque[Message] = deque()
        post = self._to_users.append
        self.center = QuoteCenter(ServiceContext(post, UserCommands(post), at_once, call_later=call_at_once))

    def _call_later(self, seconds: float, callback: Callable[[], object]) -> object:
        return self.online.time.call_later(seconds, callback)

    def tick(self, label: int, price: float, item: str = "AAPL", volume: int | None = None) -> None:
        """A producer's message, as bytes."""
        info = {"point": [label, price], "volume": volume}
        data = [{"quote": f"DEMO:{item}:{DATE}", "info": info}]
        self.center.handle("1772000000000-0", "feed-1", QUOTES.decode(msgspec.json.encode(data)))

    def deliver(self) -> None:
        """Everything that was posted, to either side, until nothing is left."""
        while True:
            for message in self.online.take_posted():
                if isinstance(message, Subscribe):
                    self.center.on_subscribe(message)
                elif isinstance(message, Unsubscribe):
                    self.center.on_unsubscribe(message)
            self.center.flush()
            while self._to_users:
                self.online.users.handle(self._to_users.popleft())
            if not self.online.posted:
                return

    def ask(self, client: Client, **request: Any) -> list[dict[str, Any]]:
        """A chart request; what the client has got when everything has been delivered."""
        request_id = request.pop("id", None)
        client.send("mycharts", chart_request(**request), **({} if request_id is None else {"id": request_id}))
        self.deliver()
        return client.wire.take()

    def limited(self) -> dict[str, int]:
        """Count how often each limit was met."""
        return {limit: count for limit, count in self.online.users.limits.counted.counts.items() if count}

    def traces(self) -> dict[str, int]:
        """Count the objects that are held for anybody, on either side."""
        return {
            "agents": len(self.online.users.agents),
            "topics": len(self.online.topics),
            "members": self.online.topics.members,
            "feeds": len(self.center.feeds),
            "subscribers": self.center.subscribers,
        }


def chart_request(
    chart_id: str | int = "c1", item: str = "AAPL", update: str = "dynamic", **more: Any
) -> dict[str, Any]:
    known = {"type": "quote", "exchange": "DEMO", "date": DATE}
    return {**known, "chart_id": chart_id, "item": item, "update": update, **more}


def points(message: dict[str, Any], series: int = 0) -> list[Any]:
    return message["data"]["chart"]["series"][series]["data"]
