"""Handler of ``online``: a producer asks which users are connected to any server, and names the queue for the answer.

One of all servers answers, at least once. The id of the answer is the same each time, so a reader can tell a second
one.
"""

from typing import Any

import msgspec

from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from tcelib.queue.error import MessageError


class OnlineData(msgspec.Struct, frozen=True):
    """``{"user_ids": [id, ...], "queue": str, "ref"?: any}``. ``ref`` comes back with the answer."""

    user_ids: list[int | str]
    queue: str
    ref: Any = None


class OnlineMsgHandler(ServiceMsgHandler):
    """Answers ``{"ref", "online": [id, ...]}``, in the order of the question. It may name ``most_users``; 0: any."""

    msg_type = "online"
    data_type = OnlineData
    delivery = "once"

    def __init__(self, services: ServiceContext, *, most_users: int = 0) -> None:
        super().__init__(services)
        self._most_users = most_users

    def handle(self, message_id: str, src: str, data: OnlineData) -> None:
        """See ``ServiceMsgHandler``. A queue that is a key of another kind raises ``QueueRefusedError``."""
        if 0 < self._most_users < len(data.user_ids):
            raise BadData(
                f"user_ids names {len(data.user_ids)} users; user_ids_per_message allows {self._most_users}"
            )
        online = self.users.online(data.user_ids)
        answer = {"ref": data.ref, "online": [user_id for user_id in data.user_ids if user_id in online]}
        try:
            self.services.push(data.queue, "online", answer, id=message_id)
        except MessageError as error:
            raise BadData(f"queue: {error}") from None
