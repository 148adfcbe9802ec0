"""ServiceMsgHandler: the class that handlers of service messages derive from, and what they get to work with.

All calls of a handler come from one greenlet, its lane, one after the other and in the order of the bus. While it
waits, the other lanes go on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from rtserver.base.bridge.message import Subscribe, Unsubscribe
from rtserver.base.bridge.ownership import ThreadBound
from rtserver.base.limit.cpu_quota import CallLater, FairShares
from rtserver.base.queue.port import START, QueuePort
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.service.message import Reason
from rtserver.service.queue_push import PushToQueue, push_nowhere
from rtserver.service.user_commands import UserCommands

T = TypeVar("T")


class Offload(Protocol):
    """Runs a function on another native thread and waits for it, while the other greenlets go on."""

    def __call__(self, fn: Callable[..., T], /, *args: object) -> T:
        """Return ``fn(*args)``, or raise what it raises."""


def call_never(seconds: float, call: Callable[[], object]) -> object:
    """The timers of a context without a service thread: there are none."""
    raise RuntimeError("there is no service thread to call from")


def never_pause(seconds: float) -> None:
    """Return at once: the ``pause`` of a context without a service thread, on which nobody else waits."""


@dataclass(frozen=True)
class ServiceContext:
    """Tools that every service gets. ``post`` puts messages on the bridge to the websocket thread.

    ``push`` puts a message on the queue of another process, and waits while Redis is away. It is for the service
    thread alone, and so not for what ``offload`` calls. ``call_later`` calls a function so many seconds later, on a
    greenlet of its own. ``pause`` waits for so many seconds while the other greenlets go on. ``shares`` are the
    users' shares of processor time, None if it is not limited. ``sizes`` bounds the messages that clients can take.
    """

    post: Callable[..., object]
    users: UserCommands
    offload: Offload
    push: PushToQueue = push_nowhere
    call_later: CallLater = call_never
    shares: FairShares | None = None
    sizes: MessageSizeLimit = field(default_factory=MessageSizeLimit)
    pause: Callable[[float], object] = never_pause


@dataclass(frozen=True)
class RejectedPart:
    """A part of a message that cannot be handled. ``data`` is plain data of the message's own shape."""

    reason: Reason
    detail: str
    data: object


class ServiceMsgHandler(ThreadBound):
    """Handles all service messages of one type. A subclass names the type and defines ``__call__``.

    The main thread builds it; from the start on it belongs to the service thread.
    """

    msg_type: ClassVar[str]
    data_type: ClassVar[Any] = Any
    """The msgspec shape of ``data``. Other data goes to the dead stream as ``bad_data``, unseen by the handler."""
    delivery: ClassVar[Literal["every", "once"]] = "every"
    """Workers that handle a message: every one, or one of all. Both deliver at least once: a handler may see a
    message again after a crash. With ``"once"`` a failed message is tried again a few times.
    """
    is_light: ClassVar[bool] = False
    """True if a message takes few microseconds, so that much larger batches than others' are handled at once."""
    is_patient: ClassVar[bool] = False
    """True if nobody waits for the messages, so that they may come tens of milliseconds later."""
    is_sharded: ClassVar[bool] = False
    """True if messages of the type may come on each of several ``queues``, each of which then has an object."""
    replays: ClassVar[bool] = False
    """True if the handler gets, at the start, what the bus still holds from before."""

    is_full: bool = False
    """True if so much was collected that it should be flushed before the next message is handled."""

    @classmethod
    def chooses_delivery(cls) -> bool:
        """Return True if the class, or one that it is derived from, names its ``delivery``."""
        return any("delivery" in vars(each) for each in cls.__mro__ if each is not ServiceMsgHandler)

    def __init__(self, services: ServiceContext) -> None:
        super().__init__()
        self.services = services
        self.users = services.users
        self.rejected_parts: list[RejectedPart] = []
        """Parts of the message in hand, for the caller, which empties it."""

    def __call__(self, src: str, data: Any) -> None:
        """Handle one message: its sender, and its data as an object of ``data_type``.

        ``BadData`` sends the message to the dead stream as ``bad_data``, any other exception as ``handler_failed``.
        """
        raise NotImplementedError

    def handle(self, message_id: str, src: str, data: Any) -> None:
        """Handle one message, given the id of its entry on the bus. Override it if the handler needs the id.

        Every worker sees the same message under the same id. Raises what ``__call__`` may raise.
        """
        self(src, data)

    def reject_part(self, reason: Reason, detail: str, data: object) -> None:
        """Send a part of the message in hand to the dead stream, while the rest of the message counts.

        The dead letter holds a message of the same type and sender with ``data``, which is plain data, so it can be
        put back. It is written once the handler has returned, and not at all if the handler raises: then the whole
        message is a dead letter. Every worker may reject the same part: one letter is written for each message and
        reason, so collect what has the same reason.
        """
        self.rejected_parts.append(RejectedPart(reason, detail, data))

    def begins_behind(self, queue: QueuePort) -> str | None:
        """Return the entry of the bus behind which the handler begins; None for the end of the bus.

        Called at the start, when the queue answers, and possibly more than once. May raise ``QueueError``.
        """
        return START if self.replays else None

    def on_done(self, position: str) -> None:
        """Called when all of this handler's messages up to ``position`` have been handled and flushed.

        That is about once a second, on another greenlet than the lane's, and only for a handler that says where it
        begins.
        """

    def flush(self) -> None:
        """Send what was collected: the last message of a batch has been handled."""

    def begin_flush(self) -> Callable[[], object] | None:
        """Begin to flush, and return a function that waits for the end of it; None if all of it is done.

        The lane has the next messages handled before it calls the function, so that must not touch what they collect.
        At most one flush of a handler is under way. If the function raises, its batch is rejected.
        """
        self.flush()
        return None

    def forget(self) -> None:
        """Drop what was collected: its messages are in the dead stream, or come once more. Must not raise or wait.

        Called when ``flush`` has failed, when a batch is begun anew, and, for a handler that delivers once, when its
        message has failed.
        """

    def offload(self, fn: Callable[..., T], /, *args: object) -> T:
        """Return ``fn(*args)``, run on another native thread. Use it for code that blocks: only this lane waits.

        ``fn`` must not touch anything of this handler or of the service thread: values in, a value out.
        """
        return self.services.offload(fn, *args)


class SubscribableService(Protocol):
    """A service that agents subscribe to. It answers with ``Snapshot`` or ``Refused``, and posts ``Update``."""

    def on_subscribe(self, message: Subscribe) -> None:
        """Subscribe an agent. The answer goes over the bridge, now or later."""

    def on_unsubscribe(self, message: Unsubscribe) -> None:
        """End a subscription. It may be unknown or have ended already."""
