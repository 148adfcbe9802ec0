"""``seen``: a client says up to which offset it has got all that was pushed to its user."""

import msgspec

from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.seen_offset import Offset
from rtserver.user.user_agent import UserAgent


class SeenRequest(msgspec.Struct, frozen=True):
    """``offset`` is the newest that the client has."""

    offset: Offset


class SeenMsgHandler(BaseUserMsgHandler):
    """Notes it; nothing is answered. Whoever says too much misses only what is his own."""

    msg_type = "seen"
    request = SeenRequest

    def on_useragent_request(self, agent: UserAgent, data: SeenRequest, request_id: int | str | None) -> None:
        """Counts once the client has resumed on this connection: before that it does not know what it misses."""
        self.users.seen_offsets.on_seen(agent, data.offset)
