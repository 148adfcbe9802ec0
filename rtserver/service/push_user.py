"""``pushuser``: a producer's message to users, by their ids.

Decides who is meant. Whether they are connected is known on the other side of the bridge.
"""

from typing import Any

import msgspec

from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceMsgHandler


class PushUserData(msgspec.Struct, frozen=True):
    """``{"user_id": id, or list of ids, or "*", "type": str, "data": any}``."""

    user_id: int | str | list[int | str]
    type: str
    data: Any


class PushUserMsgHandler(ServiceMsgHandler):
    """Hands the message to every open agent of the users that it names."""

    msg_type = "pushuser"
    data_type = PushUserData

    def __call__(self, src: str, data: PushUserData) -> None:
        """See ``ServiceMsgHandler``."""
        if not data.type:
            raise BadData("type is empty: no client could tell what it is")
        self.users.push_message(data.user_id, data.data, data.type)
