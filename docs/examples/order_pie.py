"""``orders``: the orders of each user, as a pie on every tab that shows one.

The module knows under which names its tab shows the pie, and draws it there. Pie is a word of the page: it has
registered a view for charts of that kind, and the data is what this view understands.
"""

from collections import Counter
from typing import Annotated, Literal

import msgspec

from rtserver.modules.own_chart import draw_chart
from rtserver.modules.user_agent_module import BaseUserAgentModule
from rtserver.user.msg_handler import BaseUserMsgHandler, RequestError, Users
from rtserver.user.user_agent import UserAgent

ORDERS = "orders"
MAX_PIES = 10
MAX_ORDERS = 1_000

ChartId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Show(msgspec.Struct, frozen=True, tag_field="op", tag="show"):
    """``{"op":"show","chart_id":str}``: draw the pie under this name from now on."""

    chart_id: ChartId


class Hide(msgspec.Struct, frozen=True, tag_field="op", tag="hide"):
    """``{"op":"hide","chart_id":str}``: draw it no longer."""

    chart_id: ChartId


class Order(msgspec.Struct, frozen=True, tag_field="op", tag="order"):
    """``{"op":"order","state":str}``: one more order of that state."""

    state: Literal["open", "filled", "cancelled"]


class OrderPies(BaseUserAgentModule):
    """The pies on one tab."""

    def __init__(self, agent: UserAgent) -> None:
        super().__init__(agent)
        self.chart_ids: set[str] = set()

    def show(self, chart_id: str, states: Counter[str]) -> None:
        """Draw one more pie. Raises ``RequestError`` for too many."""
        if len(self.chart_ids | {chart_id}) > MAX_PIES:
            raise RequestError(f"a tab has at most {MAX_PIES} pies", code="rate_limited")
        self.chart_ids.add(chart_id)
        draw_chart(self.agent, chart_id, "pie", states)

    def draw(self, states: Counter[str]) -> None:
        """Draw every pie anew."""
        for chart_id in self.chart_ids:
            draw_chart(self.agent, chart_id, "pie", states)


class OrderPieMsgHandler(BaseUserMsgHandler):
    """Counts the orders, and has every tab of their user draw."""

    msg_type = ORDERS
    request = Show | Hide | Order

    def __init__(self, users: Users) -> None:
        super().__init__(users)
        self._states: dict[str, Counter[str]] = {}

    def on_useragent_open(self, agent: UserAgent) -> None:
        """Make the tab's module, which shows nothing yet."""
        agent.modules[ORDERS] = OrderPies(agent)

    def on_useragent_msg(self, agent: UserAgent, data: Show | Hide | Order) -> None:
        """Show or hide a pie, or take an order, which changes the pies on all tabs of the user."""
        states = self._states.setdefault(str(agent.user.user_id), Counter())
        match data:
            case Show(chart_id):
                agent.modules[ORDERS].show(chart_id, states)
            case Hide(chart_id):
                agent.modules[ORDERS].chart_ids.discard(chart_id)
            case Order(state):
                if states.total() >= MAX_ORDERS:
                    raise RequestError(f"{MAX_ORDERS} orders are enough", code="rate_limited")
                states[state] += 1
                for tab in self.users.get_users(agent.user.user_id):
                    if ORDERS in tab.modules:
                        tab.modules[ORDERS].draw(states)

    def on_useragent_remove(self, agent: UserAgent) -> None:
        """Drop the orders with the user's last tab, so that memory stays bounded."""
        agent.modules.pop(ORDERS).on_remove()
        if not self.users.get_users(agent.user.user_id):
            self._states.pop(str(agent.user.user_id), None)
