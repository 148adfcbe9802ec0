"""Charts of one connection: the requests, and the pictures that answer them.

It maps a chart request to a feed and a look, and reports refusals to the client.
"""

from collections.abc import Callable, Hashable
from typing import TypeAlias

from rtserver.base.bridge.message import Refused, Snapshot
from rtserver.base.limit.steps import Steps
from rtserver.market.calendar.exchange_calendars import NO_CALENDARS
from rtserver.modules.chart_painter import ChartPainter
from rtserver.modules.chart_part import CalendarOf, Part, feed_request, page_of, part_of, within_page
from rtserver.modules.chart_request import ChartRequest, MoreRequest, RateRequest
from rtserver.modules.chart_update import MYCHARTS
from rtserver.modules.look import Look
from rtserver.modules.session_news import SessionNews
from rtserver.modules.topic_listener import TopicListener
from rtserver.modules.user_agent_module import BaseUserAgentModule
from rtserver.user.identity import Identity
from rtserver.user.msg_handler import RequestError
from rtserver.user.topic.board import GroupKey
from rtserver.user.topic.rate import granted
from rtserver.user.topic.subscriber import Draw
from rtserver.user.user_agent import UserAgent
from tcelib.limit.tally import KeyCount

QUOTES = "quotes"
"""The service of the feeds."""
REPLACED = "replaced"
"""The error code of what is not sent, because the client has asked for something else since, or given it up."""

RateCap: TypeAlias = Callable[[Identity], float | None]
"""A function from a user to the most updates a second of each chart; None means no bound."""


def no_cap(user: Identity) -> None:
    """Allow every update to every user."""


class MyChart:
    """One chart of one agent. The first picture and an error carry ``request_id``.

    ``feed`` is the request to the quote service. ``wish`` is the rate that the client asked for, in updates a second.
    """

    __slots__ = ("_agent", "_is_answered", "_look", "_painter", "_request_id", "feed", "request", "wish")

    def __init__(
        self,
        agent: UserAgent,
        painter: ChartPainter,
        request: ChartRequest,
        part: Part,
        request_id: int | str | None,
    ) -> None:
        self._agent = agent
        self._painter = painter
        self._look = Look.of(request, part)
        self.feed = feed_request(request, part)
        self._request_id = request_id
        self._is_answered = False
        self.request = request
        self.wish = request.max_rate

    def is_prepared(self, snapshot: Snapshot) -> bool:
        """Return True if the picture is drawn already."""
        return self._painter.is_drawn(snapshot, self._look)

    def prepare(self, snapshot: Snapshot) -> Steps[None]:
        """Draw the chart in steps, so that ``on_picture`` can send it at once."""
        return self._painter.prepare(snapshot, self._look)

    def on_picture(self, snapshot: Snapshot) -> tuple[Hashable, Draw] | None:
        """Send the whole chart. Return what draws its updates, or None for a static chart."""
        request_id = None if self._is_answered else self._request_id
        self._is_answered = True
        self._agent.push(self._painter.render(snapshot, self._look, request_id))
        return self._painter.follow(snapshot, self._look) if self.request.update == "dynamic" else None

    def on_refused(self, refused: Refused) -> None:
        """Tell the client why the chart is refused or has ended."""
        text = f"chart {self._look.chart_id}: {refused.message}"
        self._agent.push_error(refused.code, text, MYCHARTS, self._request_id, chart_id=self._look.chart_id)

    def on_replaced(self) -> None:
        """Answer a request that waits for its picture still, and has an id."""
        if not self._is_answered and self._request_id is not None:
            _tell_replaced(self._agent, self._look, self._request_id)


class ChartPage:
    """Older rows of one chart, which answer a request. The chart goes on, whatever becomes of them."""

    __slots__ = ("_agent", "_look", "_painter", "_request_id")

    def __init__(self, agent: UserAgent, painter: ChartPainter, look: Look, request_id: int | str | None) -> None:
        self._agent = agent
        self._painter = painter
        self._look = look
        self._request_id = request_id

    def is_prepared(self, snapshot: Snapshot) -> bool:
        """Return True if the page is drawn already."""
        return self._painter.is_drawn(snapshot, self._look)

    def prepare(self, snapshot: Snapshot) -> Steps[None]:
        """Draw the page in steps."""
        return self._painter.prepare(snapshot, self._look)

    def on_picture(self, snapshot: Snapshot) -> None:
        """Send the page. Nothing follows it."""
        self._agent.push(self._painter.render(snapshot, self._look, self._request_id))

    def on_refused(self, refused: Refused) -> None:
        """Tell the client why there is no page."""
        text = f"chart {self._look.chart_id}: {refused.message}"
        self._agent.push_error(refused.code, text, MYCHARTS, self._request_id)

    def on_replaced(self) -> None:
        """Tell the client that another request has taken the place of this one."""
        _tell_replaced(self._agent, self._look, self._request_id)


class MyChartAgent(BaseUserAgentModule):
    """The charts of one agent. A static chart counts until it has been sent. ``max_rate`` bounds every chart.

    ``news`` tells whether the exchanges of its charts trade, ``count`` counts the charts of the agent's user.
    """

    def __init__(
        self,
        agent: UserAgent,
        painter: ChartPainter,
        news: SessionNews,
        max_rate: RateCap = no_cap,
        calendar_of: CalendarOf = NO_CALENDARS.of,
        *,
        count: KeyCount | None = None,
    ) -> None:
        super().__init__(agent)
        self.quotes: TopicListener[MyChart] = TopicListener(agent, count)
        self._pages: TopicListener[ChartPage] = TopicListener(agent)
        self._painter = painter
        self._news = news
        self._max_rate = max_rate
        self._calendar_of = calendar_of

    def show(self, request: ChartRequest, request_id: int | str | None = None) -> None:
        """Show a chart. It replaces the one with the same id. Raises ``RequestError`` for a range that is none."""
        try:
            part = self._within_page(part_of(request, self._calendar_of(request.exchange)), request)
        except ValueError as error:
            raise RequestError(f"chart {request.chart_id}: {error}") from None
        self._pages.unlisten(request.chart_id)
        if request.sessions and request.update == "dynamic":
            self._news.tell(self.agent, request.exchange)
        chart = MyChart(self.agent, self._painter, request, part, request_id)
        self.quotes.listen(request.chart_id, QUOTES, chart.feed, chart, self._granted(chart))

    def show_more(self, request: MoreRequest, request_id: int | str | None = None) -> None:
        """Send a page of older rows. It replaces one of the same chart that has not been sent yet.

        Raises ``RequestError`` for an unknown chart, and for a label that is no time.
        """
        chart = self._chart(request.chart_id).request
        try:
            part = self._within_page(page_of(chart, request, self._calendar_of(chart.exchange)), chart)
        except ValueError as error:
            raise RequestError(f"chart {request.chart_id}: {error}") from None
        page = ChartPage(self.agent, self._painter, Look.of_page(chart, part, request.before), request_id)
        self._pages.listen(request.chart_id, QUOTES, feed_request(chart, part), page)

    def refresh(self, group: GroupKey) -> None:
        """Show a new picture of the chart that is a subscriber of the group, if there is one."""
        for membership in tuple(self.quotes.memberships.values()):
            if membership.group == group:
                self.quotes.renew(membership.name, QUOTES, membership.watcher.feed)

    def change_rate(self, request: RateRequest) -> float | None:
        """Change a chart's rate. Return the granted rate. Raises ``RequestError`` for an unknown chart."""
        chart = self._chart(request.chart_id)
        chart.wish = request.max_rate
        rate = self._granted(chart)
        self.quotes.change_rate(request.chart_id, rate)
        return rate

    def on_user_change(self) -> None:
        """Apply the changed user's rates to all charts."""
        self.quotes.change_rates(self._granted)

    def hide(self, chart_id: int | str) -> None:
        """Give a chart up, if it is shown."""
        self._pages.unlisten(chart_id)
        self.quotes.unlisten(chart_id)

    def on_remove(self) -> None:
        """Give up every chart."""
        self._pages.on_remove()
        self.quotes.on_remove()

    def _within_page(self, part: Part, request: ChartRequest) -> Part:
        return within_page(part, request, self._painter.page_bytes)

    def _chart(self, chart_id: int | str) -> MyChart:
        chart = self.quotes.watcher(chart_id)
        if chart is None:
            raise RequestError(f"chart {chart_id}: there is no such chart on this connection")
        return chart

    def _granted(self, chart: MyChart) -> float | None:
        return granted(chart.wish, self._max_rate(self.agent.user))


def _tell_replaced(agent: UserAgent, look: Look, request_id: int | str | None) -> None:
    # Without the chart_id: with it, an error says that the chart is over.
    text = f"chart {look.chart_id}: given up for another request"
    agent.push_error(REPLACED, text, MYCHARTS, request_id)
