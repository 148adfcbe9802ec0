"""SessionNews: tells charts at each open and close whether their exchange trades.

A closed market brings no prices, and neither does a producer that has failed. Only who has the exchange's calendar
can tell the two apart.
"""

from collections.abc import Callable
from functools import partial

from rtserver.base.bridge.message import Update
from rtserver.base.limit.cpu_quota import CallLater
from rtserver.base.wire import json
from rtserver.base.wire.client_message import encode_around
from rtserver.base.wire.payload import Payload
from rtserver.market.calendar.calendar import Calendar
from rtserver.market.calendar.market_state import MarketState, market_state
from rtserver.modules.chart_part import CalendarOf
from rtserver.modules.chart_update import MYCHARTS
from rtserver.modules.trading_days import day_start
from rtserver.user.topic.board import Topics
from rtserver.user.user_agent import UserAgent

GROUP = "session"
LONGEST_SECONDS = 60.0
"""Longest wait of a timer: somebody may set the wall clock, or the machine may sleep."""
LEAST_SECONDS = 0.01
"""Least wait: the loop's clock may be a little ahead of the wall clock."""


class SessionNews:
    """The states of the exchanges that charts show, and the agents that are told.

    An agent is told from its first chart of an exchange on, as long as it is connected. An exchange that is always
    open is no news. ``now_ms`` is the wall clock, ``call_later`` the event loop's.
    """

    def __init__(
        self, topics: Topics, call_later: CallLater, calendar_of: CalendarOf, now_ms: Callable[[], float]
    ) -> None:
        self._topics = topics
        self._call_later = call_later
        self._calendar_of = calendar_of
        self._now_ms = now_ms
        self._told: dict[str, tuple[MarketState, bytes]] = {}

    def tell(self, agent: UserAgent, exchange: str) -> None:
        """Tell an agent the state of an exchange, and each change from now on."""
        calendar = self._calendar_of(exchange)
        if calendar.is_continuous:
            return
        is_new = exchange not in self._told
        state = self._update(exchange, calendar)
        agent.push(Payload(self._told[exchange][1]))
        agent.join(_topic_of(exchange), GROUP, _message_of)
        if is_new:
            self._wait(exchange, calendar, state)

    def _update(self, exchange: str, calendar: Calendar) -> MarketState:
        """Return the present state. All who were told another one are told it."""
        state = market_state(calendar, self._now_ms())
        told = self._told.get(exchange)
        if told is None or told[0] != state:
            message = session_message(exchange, calendar, state)
            self._told[exchange] = (state, message)
            self._topics.update(Update(_topic_of(exchange), 0, ((exchange, message),)))
        return state

    def _wait(self, exchange: str, calendar: Calendar, state: MarketState) -> None:
        if state.until_ms is not None:
            seconds = (state.until_ms - self._now_ms()) / 1000
            turn = partial(self._turn, exchange, calendar)
            self._call_later(min(max(seconds, LEAST_SECONDS), LONGEST_SECONDS), turn)

    def _turn(self, exchange: str, calendar: Calendar) -> None:
        if self._topics.subscribers(_topic_of(exchange), GROUP):
            self._wait(exchange, calendar, self._update(exchange, calendar))
        else:
            del self._told[exchange]


def session_message(exchange: str, calendar: Calendar, state: MarketState) -> bytes:
    """Return the message about a state."""
    data: dict[str, object] = {
        "type": "session",
        "exchange": exchange,
        "is_open": state.is_open,
        "since": state.since_ms,
        "until": state.until_ms,
    }
    if calendar.has_nights:
        data["days"] = [day_start(calendar, state.day)]
    return encode_around(MYCHARTS, json.encode(data))


def _topic_of(exchange: str) -> str:
    return f"sessions:{exchange}"


def _message_of(update: Update) -> bytes:
    message = update.payload[-1][1]
    assert isinstance(message, bytes), "it was encoded once"
    return message
