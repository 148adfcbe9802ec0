"""Handlers and surroundings for the tests of the service side."""

from collections.abc import Callable
from typing import Any, TypeVar

from rtserver.base.bridge.message import Message
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.user_commands import UserCommands

T = TypeVar("T")


def at_once(fn: Callable[..., T], /, *args: Any) -> T:
    """An ``offload`` that has no other thread."""
    return fn(*args)


def call_at_once(seconds: float, call: Callable[[], object]) -> object:
    """A ``call_later`` that does not wait."""
    return call()


class Surroundings:
    """A ``ServiceContext`` whose posts are kept."""

    def __init__(self) -> None:
        self.posted: list[Message] = []
        self.context = ServiceContext(self.post, UserCommands(self.post), at_once)

    def post(self, *messages: Message) -> None:
        """Note what goes to the websocket thread."""
        self.posted.extend(messages)


class Recorder(ServiceMsgHandler):
    """Keeps what it gets: the data of each message, and ``"flush"`` at the end of each batch."""

    msg_type = "number"
    data_type = int

    def __init__(self, context: ServiceContext | None = None) -> None:
        super().__init__(context or Surroundings().context)
        self.calls: list[Any] = []

    def __call__(self, src: str, data: Any) -> None:
        self.calls.append(data)

    def flush(self) -> None:
        self.calls.append("flush")

    @property
    def numbers(self) -> list[int]:
        """The data without the flushes."""
        return [call for call in self.calls if call != "flush"]


class ReplayingRecorder(Recorder):
    """Wants what the bus still holds."""

    replays = True
