"""``mycharts``: requests for charts, for their older rows, rates and end, and for the list of indicators.

``modules.chart_painter`` makes the messages that answer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from rtserver.base.limit.cpu_quota import CallLater
from rtserver.market.calendar.exchange_calendars import NO_CALENDARS
from rtserver.modules.chart_painter import ChartPainter
from rtserver.modules.chart_part import CalendarOf
from rtserver.modules.chart_refresh import ChartRefresh
from rtserver.modules.chart_request import (
    ChartRequest,
    IndicatorsRequest,
    MoreRequest,
    RateRequest,
    UnlistenRequest,
)
from rtserver.modules.chart_update import MYCHARTS
from rtserver.modules.mychart_agent import MyChartAgent, RateCap, no_cap
from rtserver.modules.session_news import SessionNews
from rtserver.user.msg_handler import BaseUserMsgHandler, Users
from rtserver.user.user_agent import UserAgent
from tcelib.limit.tally import KeyCount

Request: TypeAlias = ChartRequest | IndicatorsRequest | MoreRequest | RateRequest | UnlistenRequest


class MyChartMsgHandler(BaseUserMsgHandler):
    """Handler of charts. One painter draws for all agents; ``max_rate`` bounds every chart.

    ``call_later`` is the event loop's, ``now_ms`` the wall clock. ``page_bytes`` bounds a picture for a client that
    asks for the rest by pages; ``calendar_of`` gives the calendar of an exchange, for dates in requests, trading days
    and sessions. ``indicators`` describes those that charts can be asked for, as plain data.
    """

    msg_type = MYCHARTS
    request = Request

    def __init__(
        self,
        users: Users,
        *,
        call_later: CallLater,
        now_ms: Callable[[], float],
        max_charts: int = 64,
        kept_pictures: int = 64,
        page_bytes: int = 131_072,
        max_rate: RateCap = no_cap,
        calendar_of: CalendarOf = NO_CALENDARS.of,
        indicators: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(users)
        refresh = ChartRefresh(call_later, users.topics)
        largest = users.sizes.largest_everywhere
        self._painter = ChartPainter(
            users.epoch,
            kept_pictures,
            largest,
            page=page_bytes,
            on_stale=refresh.on_stale,
            calendar_of=calendar_of,
        )
        self._news = SessionNews(users.topics, call_later, calendar_of, now_ms)
        self._max_charts = max_charts
        self._max_rate = max_rate
        self._calendar_of = calendar_of
        self._indicators = indicators

    def on_useragent_request(
        self,
        agent: UserAgent,
        data: Request,
        request_id: int | str | None,
    ) -> object:
        """Show, change or hide a chart. Rows are sent later; changes are answered at once, given an id."""
        charts = self._charts_of(agent)
        match data:
            case ChartRequest():
                self._check_limits(agent, charts, data)
                charts.show(data, request_id)
                return None
            case MoreRequest():
                self.users.limits.check_picture(str(agent.user.user_id))
                charts.show_more(data, request_id)
                return None
            case IndicatorsRequest():
                return {"type": "indicators", "indicators": self._indicators}
            case RateRequest():
                answer = {"type": "rate", "chart_id": data.chart_id, "max_rate": charts.change_rate(data)}
            case UnlistenRequest():
                charts.hide(data.chart_id)
                answer = {"type": "unlisten", "chart_id": data.chart_id}
        return None if request_id is None else answer

    def on_useragent_change(self, agent: UserAgent) -> None:
        """Apply the rates of the changed user."""
        charts: MyChartAgent | None = agent.modules.get(MYCHARTS)
        if charts is not None:
            charts.on_user_change()

    def on_useragent_remove(self, agent: UserAgent) -> None:
        """End the agent's charts."""
        charts: MyChartAgent | None = agent.modules.pop(MYCHARTS, None)
        if charts is not None:
            charts.on_remove()

    def _charts_of(self, agent: UserAgent) -> MyChartAgent:
        """Return the agent's charts, made for its first message: a page of pushes has none."""
        charts: MyChartAgent | None = agent.modules.get(MYCHARTS)
        if charts is None:
            count = KeyCount(self.users.limits.charts, str(agent.user.user_id))
            charts = MyChartAgent(agent, self._painter, self._news, self._max_rate, self._calendar_of, count=count)
            agent.modules[MYCHARTS] = charts
        return charts

    def _check_limits(self, agent: UserAgent, charts: MyChartAgent, request: ChartRequest) -> None:
        """Check the limits of a chart; one that replaces another costs a picture, too. Raises ``BadMessage``."""
        limits, user_id, memberships = self.users.limits, str(agent.user.user_id), charts.quotes.memberships
        if request.chart_id not in memberships:
            limits.check_charts(user_id, len(memberships), self._max_charts)
        limits.check_picture(user_id)
