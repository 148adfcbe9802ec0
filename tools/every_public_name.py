"""A plug-in that uses every public name of docs/extending.md. ``mypy --strict`` checks it; nothing runs it."""

from functools import partial
from typing import Annotated, ClassVar

import msgspec

from rtserver.base.bridge.message import Refused, Snapshot
from rtserver.base.queue.port import QueuePort
from rtserver.base.wire.client_message import ErrorCode
from rtserver.base.wire.json import JsonError
from rtserver.base.wire.message_size import MessageTooLargeError
from rtserver.history.bar_row import SourcePart
from rtserver.history.port import HistoryRange
from rtserver.idl.rtserver_low import ITerminalPrx
from rtserver.market.indicator.indicator_line import (
    FADED,
    WHOLE_GROUP,
    Cells,
    IndicatorLine,
    Output,
    Parameter,
)
from rtserver.market.indicator.line_part import ComposedLine
from rtserver.market.indicator.sliding_window import SlidingWindow
from rtserver.market.indicator.smoothing import exponential, wilder
from rtserver.market.market_bar import Bar
from rtserver.modules.own_chart import draw_chart
from rtserver.modules.user_agent_module import BaseUserAgentModule
from rtserver.service.message import BadData, Reason
from rtserver.service.message_queue import ServiceMessageQueue
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.topic.subscribable import SubscribableMsgHandler
from rtserver.user.identity import Identity
from rtserver.user.msg_handler import BaseUserMsgHandler, RequestError, Users
from rtserver.user.policy import ForbiddenError, Policy, ServiceRequest, Verdict
from rtserver.user.session.token import make_token
from rtserver.user.user_agent import AgentGoneError, UserAgent
from tcelib import RpcContext


class Order(msgspec.Struct, frozen=True):
    """The data of an order."""

    item: Annotated[str, msgspec.Meta(max_length=64)]
    count: int = 1


class Orders(BaseUserAgentModule):
    """The orders of one connection, which also watches a quote."""

    def __init__(self, agent: UserAgent) -> None:
        super().__init__(agent)
        self.count = 0
        self.ref: int | None = None

    def watch(self, quote: str) -> None:
        """Subscribe to a quote."""
        try:
            self.ref = self.agent.subscribe(self, "quotes", {"quote": quote, "period": 60})
        except (AgentGoneError, ForbiddenError):
            self.ref = None

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Send the first picture."""
        table = snapshot.payload
        self.agent.push_message({"rows": len(table.rows), "ask": (table.fields or {}).get("ask")}, "order")

    def on_refused(self, refused: Refused) -> None:
        """Say why there is none."""
        self.agent.push_error(refused.code, refused.message, "order")

    def on_remove(self) -> None:
        """End the subscription."""
        if self.ref is not None:
            self.agent.unsubscribe(self.ref)


class Prices:
    """A source of history that has nothing."""

    def read(self, wanted: HistoryRange) -> SourcePart:
        """Return no bars."""
        return SourcePart((), has_older=wanted.start_ms is not None)


class OrderMsgHandler(BaseUserMsgHandler):
    """Every hook of a user message handler."""

    msg_type: ClassVar[str] = "order"
    request = Order

    def __init__(self, users: Users) -> None:
        super().__init__(users)
        self.names: dict[str, str] = {}
        self.start = users.epoch

    async def on_useragent_open(self, agent: UserAgent) -> None:
        """Make the module."""
        orders = agent.modules["order"] = Orders(agent)
        orders.watch("DEMO:AAPL:20130301")

    async def on_useragent_msg(self, agent: UserAgent, data: Order) -> list[str]:
        """Tell the other connections of the user."""
        if not data.item:
            raise RequestError("an order needs an item", code=ErrorCode.BAD_REQUEST)
        if data.count > 9:
            raise RequestError("the last one is sold", code="out_of_stock")
        self.users.rights.check_subscribe(agent.user, "stocks", {"item": data.item})
        for each in self.users.get_users(agent.user.user_id):
            try:
                each.push_message({"item": data.item, "uid": agent.uid}, "order", id=None)
                draw_chart(each, "orders", "pie", {"item": data.item})
            except (JsonError, MessageTooLargeError):
                agent.kick(4000, "too much")
        return [agent.user.name, agent.session_key, *sorted(agent.user.groups)]

    def on_useragent_change(self, agent: UserAgent) -> None:
        """Note the new name."""
        self.names[agent.uid] = agent.user.name

    def on_useragent_remove(self, agent: UserAgent) -> None:
        """End the module."""
        orders: Orders = agent.modules.pop("order")
        orders.on_remove()


class Turned(IndicatorLine):
    """Every member of an indicator."""

    name = "turned"
    title = "Turned over"
    merges = True
    parameters = (Parameter("period", 9, least=2, most=90), Parameter("width", 2, is_integer=False))
    outputs = (Output("/a", axis="turned", kind="bar"), Output("/b"))

    def __init__(self, period: int, width: float) -> None:
        self.period = period
        self.width = width
        self.group = 0

    @classmethod
    def check(cls, *params: float) -> str | None:
        """Refuse a wide one."""
        return None if params[0] >= params[1] else "width is at most period"

    @property
    def reach(self) -> int | None:
        """Forget with the group, or after a while."""
        return WHOLE_GROUP if self.width else FADED * self.period

    def step(self, bar: Bar) -> Cells:
        """Take a bar."""
        self.group = bar.group
        return (None if bar.turnover is None else bar.turnover * self.width, bar.high - bar.low)

    def peek(self, bar: Bar) -> Cells:
        """Look at a bar that grows."""
        before = self.snapshot()
        cells = self.step(bar)
        self.restore(before)
        return cells


class Highest(ComposedLine):
    """Parts of the built-in indicators."""

    name = "highest"

    def __init__(self) -> None:
        self.window: SlidingWindow[float] = SlidingWindow(9, max)
        self.averages = (exponential(9), wilder(9))
        super().__init__(self.window, *self.averages)

    def next(self, bar: Bar, *, keep: bool) -> Cells:
        """Ask each part."""
        highest = self.window.next(bar.high, keep=keep)
        smooth, smoother = (average.next(bar.close, keep=keep) for average in self.averages)
        return (highest if smooth is None or smoother is None else smoother - smooth,)


class LateOrderMsgHandler(BaseUserMsgHandler):
    """A handler that answers later, under the request's id."""

    msg_type = "late_order"
    request = Order

    def on_useragent_request(self, agent: UserAgent, data: Order, request_id: int | str | None) -> None:
        """Answer at once, for the sake of the example."""
        agent.push_message(data.count, self.msg_type, request_id)


class StockMsgHandler(SubscribableMsgHandler):
    """Every hook of a service to subscribe to."""

    msg_type = "stock"
    service = "stocks"
    data_type = Order
    request_type = Order
    keep = 20
    linger_seconds = 1.0
    max_topics = 100

    def topic_of(self, request: Order) -> str:
        """Name a topic after its item."""
        if not request.item:
            raise BadData("stock of nothing")
        return request.item

    def on_subscribe(self, request: Order) -> list[object]:
        """Return what is kept."""
        return self.history(request.item)

    def on_first_viewer(self, request: Order) -> None:
        """Look a little later."""
        if self.is_viewed(request.item):
            self.services.call_later(1.0, partial(self.publish, request.item, 0))

    def on_last_viewer(self, request: Order) -> None:
        """Do nothing."""

    def __call__(self, src: str, data: Order) -> None:
        """Publish the count."""
        self.publish(data.item, data.count, key="count")


class BookingMsgHandler(ServiceMsgHandler):
    """Every hook of a service."""

    msg_type = "booking"
    data_type = Order
    delivery = "once"
    is_sharded = True
    replays = False

    def __init__(self, services: ServiceContext) -> None:
        super().__init__(services)
        self._sums: dict[str, int] = {}
        self._done = ""

    def __call__(self, src: str, data: Order) -> None:
        """Collect."""
        if data.count < 1:
            raise BadData("nothing is booked")
        if data.count > 99:
            self.reject_part(Reason.BAD_DATA, "too many", {"item": data.item})
        self._sums[data.item] = self.offload(max, data.count, self._sums.get(data.item, 0))

    def handle(self, message_id: str, src: str, data: Order) -> None:
        """Handle a message by its id."""
        self(f"{src}/{message_id}", data)

    def begins_behind(self, queue: QueuePort) -> str | None:
        """Begin where the last start ended."""
        return self._done or None

    def on_done(self, position: str) -> None:
        """Note the position."""
        self._done = position

    def flush(self) -> None:
        """Send what was collected."""
        for user_id in self.users.online([1, "eve"]):
            self._sums[f"{user_id} at {self.users.where(user_id)[0]}"] = 1
        self.users.push_message([1, "eve"], self._sums, "booked")
        self.users.push_message("*", {"count": len(self._sums)}, "booked")
        self.users.kick(2, "booked out")
        self.users.recheck(3)
        self.users.close_session("abcdefghijkl")

    def forget(self) -> None:
        """Drop what was collected."""
        self._sums.clear()


class OrderPolicy(Policy):
    """Every rule."""

    needs_groups = True

    def may_subscribe(self, user: Identity, service: str, request: ServiceRequest) -> Verdict:
        """Allow the quotes of one exchange."""
        return service != "quotes" or str(request["quote"]).startswith("DEMO:") or "the demo's quotes only"

    def may_send(self, user: Identity, msg_type: str) -> Verdict:
        """Allow everything to members of a group."""
        return "buyers" in user.groups

    def may_call(self, user: Identity, operation: str) -> Verdict:
        """Forbid one interface."""
        return not operation.startswith("shop.ICart.")

    def max_rate(self, user: Identity) -> float | None:
        """Bound the rate of everybody."""
        return 2.0


def call_back(ctx: RpcContext) -> str:
    """Use the context of a servant's call."""
    agent: UserAgent = ctx.user
    ITerminalPrx(ctx.conn).onMessage_oneway("order", "{}")
    return str(agent)


def send(user: object) -> str:
    """Use what a backend uses."""
    queue = ServiceMessageQueue.connect("redis://127.0.0.1:6379/0")
    queue.put("booking", "shop", {"item": "nails"}, id="order-1")
    queue.put_many([("booking", "shop", {"item": "nails"})])
    queue.close()
    with ServiceMessageQueue.own("queue:shop") as own:
        own.push("queue:billing", "order", {"item": "nails"}, id="order-1")
        for message in own.get(count=10, timeout=0.0):
            own.ack(message)
    return make_token(user)
