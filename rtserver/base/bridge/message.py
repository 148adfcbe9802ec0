"""Messages of the bridge between the two threads, all of them frozen.

Agents are named by their id and topics by a key of the service, so that neither side needs the other's classes. A
payload is not changed after it was posted: a ``Table``, a tuple of rows, JSON as bytes, plain JSON data. Tables carry
numbers; the websocket thread draws them.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

Cell: TypeAlias = str | int | float | bytes | None
"""Bytes are JSON."""
Row: TypeAlias = tuple[Cell, ...]
"""A label and what belongs to it: the numbers of a ``Table``, or the JSON of one update."""


class Message(msgspec.Struct, frozen=True):
    """Base class of all messages."""


class Style(msgspec.Struct, frozen=True):
    """Drawing of a column: the name of its y axis, and its kind: "line", "bar" or "scatter"."""

    axis: str
    kind: str


class Table(msgspec.Struct, frozen=True, weakref=True):
    """Columns and rows of numbers. ``rows[i][0]`` is the row's label, ``rows[i][j]`` belongs to ``columns[j]``.

    A row with the label of the last row replaces it: a growing bar. ``decimals`` is the number of decimals of the
    prices, None if it is not known. It ``has_older`` rows if a request for those before the first one would get some,
    and it ``is_cut`` if some before the first one are gone for good. ``fields`` are the newest values beside the
    price, such as bid and ask, by name. ``styles`` are those of the columns of indicators, by column. ``zone`` is the
    exchange's time zone by its IANA name, None if it has none of its own.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    decimals: int | None = None
    has_older: bool = False
    is_cut: bool = False
    fields: Mapping[str, int | float] | None = None
    styles: Mapping[str, Style] = {}
    zone: str | None = None


# To the service thread.


class Subscribe(Message, frozen=True):
    """Subscription of agent ``agent`` to ``service`` for ``request``, named ``ref`` from now on."""

    agent: int
    ref: int
    service: str
    request: Any
    user: str = ""
    """The id of the agent's user, to whom the work is charged."""
    after: int | None = None
    """The last row that the client has, if it has one."""
    elsewhere: tuple[str, int] | None = None
    """The same with its epoch, if that is another one than the server's: some services count alike on all servers."""


class Unsubscribe(Message, frozen=True):
    """End of the subscription ``ref``. A refused subscription needs none."""

    agent: int
    ref: int
    service: str


class Resume(Message, frozen=True):
    """Request of agent ``agent`` for a portion of the messages kept for a user after ``after`` and up to ``until``.

    ``after`` None stands for the user's seen offset, ``until`` None for the offset of ``PushBegins``.
    """

    agent: int
    ref: int
    user_id: str
    after: str | None
    until: str | None


class Seen(Message, frozen=True):
    """Seen offsets: user ids, each with the offset up to which the user has all pushed messages."""

    offsets: tuple[tuple[str, str], ...]


class PresentUsers(Message, frozen=True):
    """Answer to ``WatchUsers``, with its number: all users who have, or are about to have, a connection here."""

    watch: int
    user_ids: tuple[str, ...]


class ExpectUser(Message, frozen=True):
    """Word that a user's first connection is about to open. It waits for ``PushesFrom``."""

    user_id: str


class GoneUsers(Message, frozen=True):
    """Word that no connections of these users are left."""

    user_ids: tuple[str, ...]


class PassCall(Message, frozen=True, gc=False):
    """Call of a client for the services behind ``queue``: a TCE message without envelope.

    ``sender`` waits for its answer until ``deadline``, by the monotonic clock; 0 and infinity where nobody does.
    ``is_idempotent``: a call that a service has taken may be given to another one.
    """

    queue: str
    body: bytes
    sender: int
    deadline: float
    is_idempotent: bool


# To the websocket thread.


class CallsLeft(Message, frozen=True, gc=False):
    """Word that calls of so many bytes wait for ``queue`` no more: they are on it, or could not be put there."""

    queue: str
    size: int


class CallFailed(Message, frozen=True, gc=False):
    """Return of a ``PassCall`` that was not put on its queue; ``is_lost``: or perhaps was."""

    sender: int
    body: bytes
    is_lost: bool = False


class ServiceBodies(Message, frozen=True, gc=False):
    """Messages of services on the queue for answers to the calls on ``queue``, in order, without envelope."""

    queue: str
    bodies: tuple[bytes, ...]


class SilentQueues(Message, frozen=True):
    """The queues of calls that no service reads, all of them."""

    queues: frozenset[str]


class Snapshot(Message, frozen=True):
    """Answer to ``Subscribe``: the topic's state after row ``seq``.

    The rows of ``later`` follow it; the next update begins with the row behind them. ``payload`` is a ``Table`` of
    quotes, the JSON of another service's snapshot, or None for a client that has all rows up to ``seq``. The client
    may know that row by another number, ``known_as``. ``epoch`` is that of the numbers, empty for the server's own.
    """

    agent: int
    ref: int
    topic: str
    seq: int
    payload: Any
    later: tuple[Row, ...] = ()
    known_as: int | None = None
    epoch: str = ""


class Delayed(Message, frozen=True):
    """Word that the answer to a ``Subscribe`` takes long, because it has to be read first. It comes all the same."""

    agent: int
    ref: int


class Refused(Message, frozen=True):
    """Refusal of a ``Subscribe`` or a question, with an error code of the JSON protocol."""

    agent: int
    ref: int
    code: str
    message: str


class Update(Message, frozen=True):
    """New rows of a topic, for all its subscribers. ``seq`` is the number of the last row; numbers have no gaps.

    ``left_out`` numbered rows are not in ``payload``: a later row of the same label has replaced them. The rows of
    ``corrected`` have no numbers and come first: each replaces an earlier row than the last one, or is a new one
    between two of them. There may be no others. ``fields`` are those of a ``Table``, None if they have not changed.
    An update without any rows says that there is nothing new, and that the source of the topic is alive. Behind one
    that ``needs_picture``, older rows do not hold any more, and what they are now is not known: whoever has them asks
    for another picture.
    """

    topic: str
    seq: int
    payload: tuple[Row, ...]
    left_out: int = 0
    corrected: tuple[Row, ...] = ()
    fields: Mapping[str, int | float] | None = None
    needs_picture: bool = False

    @property
    def prev_seq(self) -> int:
        """Return the number of the last row before these."""
        return self.seq - len(self.payload) - self.left_out


class Canary(Message, frozen=True):
    """Canary message that has come all the way from the list. It was sent at ``sent``, by this process's clock."""

    sent: float


class Deliver(Message, frozen=True, gc=False):
    """Pushed message for every open agent of the users; ``None`` stands for all users. Clients get ``payload``.

    A message with an ``offset`` is kept in Redis. Offsets come in order.
    """

    user_ids: tuple[int | str, ...] | None
    payload: bytes
    offset: str | None


class DeliverEarly(Deliver, frozen=True, gc=False):
    """Pushed message for one user, ahead of others on the bus. Everything before it for that user has been posted."""


class PushBegins(Message, frozen=True):
    """Begin of pushes: messages after ``offset`` are pushed here, those up to it must be resumed."""

    offset: str


class PushedUntil(Message, frozen=True):
    """Progress of pushes: each pushed message of the bus up to ``offset`` for somebody here has been posted."""

    offset: str


class WatchUsers(Message, frozen=True):
    """Question, by a number, who is here and, from now on, who comes and goes; 0 ends that. Others get no pushes."""

    watch: int


class PushesFrom(Message, frozen=True):
    """Answer to ``ExpectUser``: messages to these users behind ``offset`` are pushed here.

    No pushed message up to ``offset`` will be posted any more, to whomever.
    """

    user_ids: tuple[str, ...]
    offset: str


class PushesLost(Message, frozen=True):
    """Loss of pushes: the bus has lost some messages up to ``offset``."""

    offset: str


class Replay(Message, frozen=True):
    """Answer to ``Resume``: a portion of messages as in ``Deliver``, in order, up to ``after``.

    Unless ``is_all``, the next portion begins after ``after``. ``oldest`` is the offset of the first message.
    ``gone`` is the reason why some messages are missing, if any are.
    """

    agent: int
    ref: int
    messages: tuple[bytes, ...]
    after: str
    until: str
    is_all: bool
    oldest: str | None = None
    gone: str | None = None


class Kick(Message, frozen=True):
    """Close every socket of a user with 4003."""

    user_id: int | str
    reason: str


class Recheck(Message, frozen=True):
    """Look a changed user up again; ``"*"`` stands for all users."""

    user_id: int | str


class CloseSession(Message, frozen=True):
    """Close every socket of a session that has ended on the site with 4009."""

    session_key: str
