"""``ping``: the client asks whether anybody is there."""

from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.user_agent import UserAgent


class PingMsgHandler(BaseUserMsgHandler):
    """Answers "pong" to whatever comes. A browser cannot send the WebSocket's own ping."""

    msg_type = "ping"

    def on_useragent_msg(self, agent: UserAgent, data: object) -> str:
        """Any data; the answer is always the same."""
        return "pong"
