"""Charts of kinds that a page has registered itself: a module draws any data on them."""

from rtserver.modules.chart_update import MYCHARTS
from rtserver.user.user_agent import UserAgent


def draw_chart(agent: UserAgent, chart_id: int | str, kind: str, data: object) -> None:
    """Send the whole state of a chart of a page. ``kind`` is the name under which the page has registered its view.

    A slow client gets the newest state only. Raises ``JsonError`` for data that JSON cannot express,
    ``MessageTooLargeError`` for more than a client could take.
    """
    render = {"type": "render", "chart_id": chart_id, "kind": kind, "data": data}
    agent.push_message(render, MYCHARTS, key=("own chart", chart_id))
