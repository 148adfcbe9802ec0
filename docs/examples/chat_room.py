"""``chat``: rooms in which users write to each other, on whichever servers they are.

A line goes onto the queue, which every server reads: so all have the same lines in the same order, and after a start.
The policy decides who may be in a room. Who may read it may write.
"""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Annotated, Any, TypeAlias

import msgspec

from rtserver.service.message_queue import ServiceMessageQueue
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.topic.subscribable import SubscribableMsgHandler
from rtserver.user.msg_handler import BaseUserMsgHandler, Users
from rtserver.user.user_agent import UserAgent

LOOK_SECONDS = 2.0

Room: TypeAlias = Annotated[str, msgspec.Meta(pattern="^[a-z]{1,32}$")]


class RoomRequest(msgspec.Struct, frozen=True):
    """``{"room": str}``."""

    room: Room


class Saying(msgspec.Struct, frozen=True):
    """``{"room": str, "text": str}``: what a client says."""

    room: Room
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Line(msgspec.Struct, frozen=True):
    """``{"room", "user_id", "name", "text"}``: the same with its writer, as servers tell each other."""

    room: Room
    user_id: int | str
    name: str
    text: str


class ChatMsgHandler(BaseUserMsgHandler):
    """Puts what clients say onto the queue, under the name of the user who is logged in."""

    msg_type = "chat"
    request = Saying

    def __init__(self, users: Users) -> None:
        super().__init__(users)
        self._thread = ThreadPoolExecutor(1, "chat")

    @cached_property
    def _queue(self) -> ServiceMessageQueue:
        url = os.environ.get("RTSERVER_REDIS_URL", "redis://127.0.0.1:6379/0")
        return ServiceMessageQueue.connect(url, secret=os.environ.get("RTSERVER_QUEUE_SECRET", ""))

    async def on_useragent_msg(self, agent: UserAgent, data: Saying) -> str:
        """Answer when the line is on the queue. Raises ``ForbiddenError``."""
        self.users.rights.check_subscribe(agent.user, "chat", {"room": data.room})
        line = Line(data.room, agent.user.user_id, agent.user.name, data.text)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._put, line)
        return "said"

    def _put(self, line: Line) -> None:
        self._queue.put("chat", "chat", msgspec.to_builtins(line))


class ChatService(SubscribableMsgHandler):
    """One topic for each room, with its last lines and those of their writers who are here.

    A snapshot is ``{"lines": [...], "here": [name, ...]}``. An update is a line, ``{"user_id", "name", "text"}``, or
    ``{"here": [name, ...]}``.
    """

    msg_type = "chat"
    data_type = Line
    request_type = RoomRequest
    replays = True
    keep = 50

    def __init__(self, services: ServiceContext) -> None:
        super().__init__(services)
        self._here: dict[str, list[str]] = {}
        self._looks: dict[str, object] = {}

    def topic_of(self, request: RoomRequest) -> str:
        """Name a topic after its room."""
        return request.room

    def on_subscribe(self, request: RoomRequest) -> dict[str, Any]:
        """Return the room."""
        return {"lines": self._lines(request.room), "here": self._here.get(request.room, [])}

    def on_first_viewer(self, request: RoomRequest) -> None:
        """Begin to look who is here."""
        self._looks[request.room] = look = object()
        self._look(request.room, look)

    def on_last_viewer(self, request: RoomRequest) -> None:
        """Look no more. Who comes back with what was known is told that it no longer holds."""
        self._looks.pop(request.room, None)
        if self._here.pop(request.room, None):
            self.publish(request.room, {"here": []})

    def __call__(self, src: str, data: Line) -> None:
        """Publish a line."""
        self.publish(data.room, {"user_id": data.user_id, "name": data.name, "text": data.text})

    def _lines(self, room: str) -> list[dict[str, Any]]:
        return [update for update in self.history(room) if "text" in update]

    def _look(self, room: str, look: object) -> None:
        """Publish who of the writers is connected to any server, whenever that has changed."""
        names = {line["user_id"]: line["name"] for line in self._lines(room)}
        here = sorted(names[user_id] for user_id in self.users.online(names))
        if self._looks.get(room) is look:
            if here != self._here.get(room, []):
                self._here[room] = here
                self.publish(room, {"here": here})
            self.services.call_later(LOOK_SECONDS, partial(self._look, room, look))
