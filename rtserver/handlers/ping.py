"""``ping``: a client's question for a sign of life."""

from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.user_agent import UserAgent


class PingMsgHandler(BaseUserMsgHandler):
    """Answers "pong". A browser cannot send the WebSocket's own ping."""

    msg_type = "ping"

    def on_useragent_msg(self, agent: UserAgent, data: object) -> str:
        """Answer. ``data`` may be anything."""
        return "pong"
