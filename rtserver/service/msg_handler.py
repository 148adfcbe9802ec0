"""What a handler of service messages is, and what it is given to work with.

Decides nothing. A handler's calls all come from one greenlet, its lane, one after the other and in the order of the
bus; while it waits, the other lanes go on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from rtserver.base.bridge.message import Message, Subscribe, Unsubscribe
from rtserver.base.bridge.ownership import ThreadBound
from rtserver.base.queue.port import START, QueuePort
from rtserver.service.user_commands import UserCommands

T = TypeVar("T")


class Offload(Protocol):
    """Runs a function on another native thread and waits for it, while the other greenlets go on."""

    def __call__(self, fn: Callable[..., T], /, *args: Any) -> T:
        """What ``fn(*args)`` returns; raises what it raises."""


@dataclass(frozen=True)
class ServiceContext:
    """What every service may use. ``post`` puts a message on the bridge to the websocket thread."""

    post: Callable[[Message], object]
    users: UserCommands
    offload: Offload


class ServiceMsgHandler(ThreadBound):
    """Handles all service messages of one type. Subclass it, name the type, write ``__call__``.

    It is built by the main thread and belongs to the service thread from its start on.
    """

    msg_type: ClassVar[str]
    data_type: ClassVar[Any] = Any
    """The msgspec shape of ``data``. A mismatch goes to the dead stream as ``bad_data`` and is never seen here."""
    delivery: ClassVar[Literal["every", "once"]] = "every"
    """Who handles a message: every worker, or one of all. Both at least once: a handler may see one again after a
    crash. Of ``"once"``, what fails is tried again a few times.
    """
    replays: ClassVar[bool] = False
    """Whether the handler first gets, at the start, what the bus still holds from before."""

    def __init__(self, services: ServiceContext) -> None:
        super().__init__()
        self.services = services
        self.users = services.users

    def __call__(self, src: str, data: Any) -> None:
        """One message: who sent it, and its data as an object of ``data_type``.

        ``BadData`` sends the message to the dead stream as ``bad_data``; any other exception as ``handler_failed``.
        """
        raise NotImplementedError

    def handle(self, message_id: str, src: str, data: Any) -> None:
        """One message and its id, which is the name of its entry on the bus. For those who need the id.

        Every worker sees the same message under the same id. Raises what ``__call__`` may raise.
        """
        self(src, data)

    def begins_behind(self, queue: QueuePort) -> str | None:
        """Behind which entry of the bus the handler has to begin; None for what comes from now on.

        Asked at the start, when the queue answers, and possibly more than once. May raise ``QueueError``.
        """
        return START if self.replays else None

    def on_done(self, position: str) -> None:
        """All of this handler's messages up to ``position`` on the bus have been handled and flushed.

        Told about once a second, by another greenlet than the lane's, to a handler that says where it begins.
        """

    def flush(self) -> None:
        """The last message of a batch has been handled: send what was collected on the way."""

    def forget(self) -> None:
        """Drop what was collected: its messages are in the dead stream, or come once more. Must not raise or wait.

        Called when ``flush`` has failed, when a batch is begun anew, and, of a handler that delivers once, when its
        message has failed.
        """

    def offload(self, fn: Callable[..., T], /, *args: Any) -> T:
        """``fn(*args)`` on another native thread: for whatever blocks. Only this handler's lane waits for it.

        ``fn`` must touch nothing of this handler's, or of the service thread's at all: values in, a value out.
        """
        return self.services.offload(fn, *args)


class SubscribableService(Protocol):
    """A service that agents subscribe to: it answers with ``Snapshot`` or ``Refused``, and posts ``Update``."""

    def on_subscribe(self, message: Subscribe) -> None:
        """An agent wants something. Answered over the bridge, now or later."""

    def on_unsubscribe(self, message: Unsubscribe) -> None:
        """An agent wants it no longer. May come for a subscription that is not there any more."""
