"""``seen``: the offset up to which a client has all messages pushed to its user."""

import msgspec

from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.seen_offset import Offset
from rtserver.user.user_agent import UserAgent


class SeenRequest(msgspec.Struct, frozen=True):
    """``offset`` is that of the client's newest message."""

    offset: Offset


class SeenMsgHandler(BaseUserMsgHandler):
    """Notes the offset without an answer. A false claim costs the claiming user's own messages only."""

    msg_type = "seen"
    request = SeenRequest

    def on_useragent_request(self, agent: UserAgent, data: SeenRequest, request_id: int | str | None) -> None:
        """Note the offset. It counts after a resume on this connection: before it, a client may have gaps."""
        self.users.seen_offsets.on_seen(agent, data.offset)
