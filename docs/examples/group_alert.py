"""``alert``: a service message for all members of a Django group.

A database query blocks, and the service thread must not block. So the members are looked up on a thread of the pool,
and only this handler's lane waits.
"""

from typing import Annotated, Literal

import msgspec

from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceMsgHandler


class AlertData(msgspec.Struct, frozen=True):
    """``{"group": str, "level"?: "info" | "urgent", "text": str}``."""

    group: str
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    level: Literal["info", "urgent"] = "info"


class GroupAlertMsgHandler(ServiceMsgHandler):
    """Pushes ``{"type":"alert","data":{"level","text","src"}}`` to the group's members."""

    msg_type = "alert"
    data_type = AlertData

    def __call__(self, src: str, data: AlertData) -> None:
        """Push the alert. ``BadData`` sends the message to the dead stream, with the reason for its producer."""
        members = self.offload(find_members, data.group)
        if members is None:
            raise BadData(f"there is no group {data.group!r}")
        self.users.push_message(members, {"level": data.level, "text": data.text, "src": src}, "alert")


def find_members(name: str) -> list[int | str] | None:
    """Return the ids of a group's members, or None for an unknown group. Blocks."""
    # Django's models can be imported only after Django's set-up, and this file is imported before.
    from django.contrib.auth.models import Group  # type: ignore[import-untyped]
    from django.db import close_old_connections  # type: ignore[import-untyped]

    close_old_connections()
    try:
        group = Group.objects.filter(name=name).first()
        return None if group is None else list(group.user_set.values_list("pk", flat=True))
    finally:
        close_old_connections()
