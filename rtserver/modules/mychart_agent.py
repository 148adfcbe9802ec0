"""Charts of one connection: the requests, and the pictures that answer them.

It maps a chart request to a feed and a look, and reports refusals to the client.
"""

from collections.abc import Callable, Hashable
from typing import Annotated, Literal, TypeAlias

import msgspec

from rtserver.base.bridge.message import Refused, Snapshot
from rtserver.base.limit.steps import Steps
from rtserver.base.wire.client_message import MAX_SAFE_INTEGER
from rtserver.modules.chart import Shape
from rtserver.modules.chart_painter import MYCHARTS, ChartPainter, Look
from rtserver.modules.topic_listener import TopicListener
from rtserver.modules.user_agent_module import BaseUserAgentModule
from rtserver.user.identity import Identity
from rtserver.user.msg_handler import RequestError
from rtserver.user.topic.rate import RATES, granted
from rtserver.user.topic.subscriber import Draw
from rtserver.user.user_agent import UserAgent

QUOTES = "quotes"
"""The service of the feeds."""

ChartId: TypeAlias = (
    Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    | Annotated[int, msgspec.Meta(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
)
KeyPart: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
MaxRate: TypeAlias = Annotated[float, msgspec.Meta(ge=RATES[0])]
Indicator: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class ChartRequest(msgspec.Struct, frozen=True, tag_field="type", tag="quote"):
    """Show a quote. ``period`` is the length of a bar in seconds, 0 for every tick.

    ``max_rate`` is in updates a second, None for as many as there are.
    """

    chart_id: ChartId
    exchange: KeyPart
    item: KeyPart
    date: str
    update: Literal["static", "dynamic"]
    period: Annotated[float, msgspec.Meta(ge=0)] = 0
    shape: Shape = "line"
    indicators: Annotated[tuple[Indicator, ...], msgspec.Meta(max_length=32)] = ()
    max_rate: MaxRate | None = None

    def __post_init__(self) -> None:
        """Check the parts of the quote's key. The errors are fit for the client."""
        for name, part in (("exchange", self.exchange), ("item", self.item)):
            if ":" in part or any(map(str.isspace, part)):
                raise ValueError(f"{name} {part!r} may hold neither colons nor spaces")
        if not (len(self.date) == 8 and self.date.isascii() and self.date.isdigit()):
            raise ValueError(f"date {self.date[:32]!r} is not of the form YYYYMMDD")

    @property
    def feed(self) -> dict[str, object]:
        """The request to the quote service."""
        quote = f"{self.exchange}:{self.item}:{self.date}"
        return {"quote": quote, "period": self.period, "indicators": self.indicators}


class UnlistenRequest(msgspec.Struct, frozen=True, tag_field="type", tag="unlisten"):
    """Show a chart no longer."""

    chart_id: ChartId


class RateRequest(msgspec.Struct, frozen=True, tag_field="type", tag="rate"):
    """Show a chart so often from now on."""

    chart_id: ChartId
    max_rate: MaxRate | None


RateCap: TypeAlias = Callable[[Identity], float | None]
"""A function from a user to the most updates a second of each chart; None means no bound."""


def no_cap(user: Identity) -> None:
    """Allow every update to every user."""


class MyChart:
    """One chart of one agent. The first answer carries ``request_id``.

    ``wish`` is the rate that the client asked for, in updates a second.
    """

    __slots__ = ("_agent", "_is_dynamic", "_look", "_painter", "_request_id", "wish")

    def __init__(
        self, agent: UserAgent, painter: ChartPainter, request: ChartRequest, request_id: int | str | None
    ) -> None:
        self._agent = agent
        self._painter = painter
        self._look = Look(request.chart_id, request.shape, request.item)
        self._is_dynamic = request.update == "dynamic"
        self._request_id = request_id
        self.wish = request.max_rate

    def is_prepared(self, snapshot: Snapshot) -> bool:
        """Return True if the picture is drawn already."""
        return self._painter.is_drawn(snapshot, self._look)

    def prepare(self, snapshot: Snapshot) -> Steps[None]:
        """Draw the chart in steps, so that ``on_picture`` can send it at once."""
        return self._painter.prepare(snapshot, self._look)

    def on_picture(self, snapshot: Snapshot) -> tuple[Hashable, Draw] | None:
        """Send the whole chart. Return what draws its updates, or None for a static chart."""
        self._agent.push(self._painter.render(snapshot, self._look, self._request_id))
        return self._painter.follow(snapshot, self._look) if self._is_dynamic else None

    def on_refused(self, refused: Refused) -> None:
        """Tell the client why the chart is refused or has ended."""
        text = f"chart {self._look.chart_id}: {refused.message}"
        self._agent.push_error(refused.code, text, MYCHARTS, self._request_id, chart_id=self._look.chart_id)


class MyChartAgent(BaseUserAgentModule):
    """The charts of one agent. A static chart counts until it has been sent. ``max_rate`` bounds every chart."""

    def __init__(self, agent: UserAgent, painter: ChartPainter, max_rate: RateCap = no_cap) -> None:
        super().__init__(agent)
        self.quotes: TopicListener[MyChart] = TopicListener(agent)
        self._painter = painter
        self._max_rate = max_rate

    def show(self, request: ChartRequest, request_id: int | str | None = None) -> None:
        """Show a chart. It replaces the one with the same id."""
        chart = MyChart(self.agent, self._painter, request, request_id)
        self.quotes.listen(request.chart_id, QUOTES, request.feed, chart, self._granted(chart))

    def change_rate(self, request: RateRequest) -> float | None:
        """Change a chart's rate. Return the granted rate. Raises ``RequestError`` for an unknown chart."""
        chart = self.quotes.watcher(request.chart_id)
        if chart is None:
            raise RequestError(f"chart {request.chart_id}: there is no such chart on this connection")
        chart.wish = request.max_rate
        rate = self._granted(chart)
        self.quotes.change_rate(request.chart_id, rate)
        return rate

    def on_user_change(self) -> None:
        """Apply the changed user's rates to all charts."""
        self.quotes.change_rates(self._granted)

    def hide(self, chart_id: int | str) -> None:
        """Give a chart up, if it is shown."""
        self.quotes.unlisten(chart_id)

    def on_remove(self) -> None:
        """Give up every chart."""
        self.quotes.on_remove()

    def _granted(self, chart: MyChart) -> float | None:
        return granted(chart.wish, self._max_rate(self.agent.user))
