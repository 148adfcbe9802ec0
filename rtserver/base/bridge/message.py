"""What crosses the bridge between the two threads: the whole vocabulary, frozen.

Agents are named by their id and topics by a key that the service chose, so that neither side needs the other's
classes. A payload is a value that nobody changes after it was posted: a ``Table``, a tuple of rows, plain JSON data.
Numbers travel in tables; what they look like on a chart is decided on the websocket thread.
"""

from typing import Any, TypeAlias

import msgspec

Cell: TypeAlias = str | int | float | None
Row: TypeAlias = tuple[Cell, ...]


class Message(msgspec.Struct, frozen=True):
    """The base of all that may be posted."""


class Table(msgspec.Struct, frozen=True):
    """Columns and rows of numbers. ``rows[i][0]`` is the row's label, ``rows[i][j]`` belongs to ``columns[j]``.

    A row whose label is the last row's label replaces it: a bar that is still growing. ``decimals`` is how many its
    prices are shown with; None if nobody said so.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    decimals: int | None = None


# To the service thread.


class Subscribe(Message, frozen=True):
    """Agent ``agent`` wants what ``service`` offers for ``request`` and calls it ``ref`` from now on."""

    agent: int
    ref: int
    service: str
    request: Any
    user: str = ""
    """Whose agent it is: what is done for one user has bounds."""


class Unsubscribe(Message, frozen=True):
    """The end of a subscription, by the name that its ``Subscribe`` gave it. One that was refused needs none."""

    agent: int
    ref: int
    service: str


class Resume(Message, frozen=True):
    """Agent ``agent`` wants what was kept for a user behind ``after`` and up to ``until``: a portion of it.

    ``after`` None: behind what the user has seen. ``until`` None: up to the beginning that is told in ``PushBegins``.
    """

    agent: int
    ref: int
    user_id: str
    after: str | None
    until: str | None


class Seen(Message, frozen=True):
    """Users, and up to which offset each has got all messages that were pushed to him."""

    offsets: tuple[tuple[str, str], ...]


# To the websocket thread.


class Snapshot(Message, frozen=True):
    """The answer to ``Subscribe``: the topic's state after its update ``seq``; the next update is ``seq + 1`` on."""

    agent: int
    ref: int
    topic: str
    seq: int
    payload: Table


class Refused(Message, frozen=True):
    """The other answer to ``Subscribe``, with one of the error codes of the JSON protocol."""

    agent: int
    ref: int
    code: str
    message: str


class Update(Message, frozen=True):
    """What is new on a topic for everyone on it. ``seq`` is the number of the last row; there are no gaps.

    Each row has a number. ``left_out`` of them are not in ``payload``: a later one there, of the same label, has
    replaced them.
    """

    topic: str
    seq: int
    payload: tuple[Row, ...]
    left_out: int = 0

    @property
    def prev_seq(self) -> int:
        """The number of the last row before these."""
        return self.seq - len(self.payload) - self.left_out


class Canary(Message, frozen=True):
    """A message of our own that has come all the way from the list; ``sent`` when, by this process's clock."""

    sent: float


class Deliver(Message, frozen=True):
    """A message for every open agent of the users, ``None`` means of everyone: ``payload`` is what clients get.

    With an ``offset`` it has been kept, and so have all before it. Offsets come in order.
    """

    user_ids: tuple[int | str, ...] | None
    payload: bytes
    offset: str | None


class PushBegins(Message, frozen=True):
    """What was kept up to ``offset`` is not pushed here, it has to be asked for. What comes behind it is pushed."""

    offset: str


class PushedUntil(Message, frozen=True):
    """All that is on the bus up to ``offset`` has been pushed, as far as it was for users."""

    offset: str


class PushesLost(Message, frozen=True):
    """Some messages up to ``offset`` cannot be pushed: the bus does not have them any more."""

    offset: str


class Replay(Message, frozen=True):
    """A portion, the answer to ``Resume``: messages as ``Deliver`` has them, in order, up to ``after``.

    Unless ``is_all``, the next portion lies behind ``after``. ``oldest`` is the offset of the first message, ``gone``
    says why some that should have been there are not.
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
    """Something about a user has changed, such as a group: look again who it is. ``"*"``: about any of them."""

    user_id: int | str


class CloseSession(Message, frozen=True):
    """Close every socket of a session with 4009: it ended on the site."""

    session_key: str
