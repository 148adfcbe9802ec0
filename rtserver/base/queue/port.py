"""QueuePort: a list that producers push to, a bus that workers follow, and the dead letters.

A queue knows bytes only; the layers above know messages. ``RedisQueue`` is the real port and ``MemoryQueue`` its
twin; both pass the same tests.

Every entry of the bus has an id ``<milliseconds>-<number>``: when it was moved there, and a number that counts up by
one. So a reader sees from two neighbouring ids alone whether an entry is missing between them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from tcelib.queue.error import QueueAwayError as QueueAwayError  # noqa: PLC0414 (a part of this port)
from tcelib.queue.error import QueueError as QueueError  # noqa: PLC0414 (a part of this port)
from tcelib.queue.error import QueueRefusedError as QueueRefusedError  # noqa: PLC0414 (a part of this port)

_OFFSET = re.compile("[0-9]{1,15}-[0-9]{1,20}")
START = "0-0"
"""The offset before the first entry of any bus."""
NO_SIZE = 2**53
"""A number of bytes that no messages reach."""


class Entry(NamedTuple):
    """One message on the bus. ``type`` and ``to`` are its route (``route``), both empty if it has none."""

    id: str
    raw: bytes
    type: bytes = b""
    to: bytes = b""


class Lone(NamedTuple):
    """A worker that asks to be alone, under a name of this life; and what it reads with its intake: at most ``most``
    entries behind ``after``.
    """

    worker: str
    after: str
    most: int


class Moved(NamedTuple):
    """Result of an intake: how many messages it moved, the id of the newest entry, and how many messages are set
    aside.

    Messages are set aside because they are too large. ``bytes`` counts all bytes that have come to the bus since it
    began. ``is_held`` is True if messages stayed on the list until a cursor comes closer. ``holder`` is the cursor
    for which the bus keeps more bytes than it may have; empty if there is none.
    """

    messages: int
    newest_id: str
    aside: int = 0
    ended: str | None = None
    """The former end of the bus, if it lay before an entry that the caller knew of: entries were lost."""
    bytes: int = 0
    is_held: bool = False
    holder: str = ""
    entries: Sequence[Entry] = ()
    """Entries read for a ``Lone`` worker."""


class Memory(NamedTuple):
    """Memory of the Redis that keeps the queue, in bytes: used, allowed (0 for no limit), and its policy when full.

    ``bus`` is the share of the bus, roughly.
    """

    used: int
    most: int
    policy: str
    bus: int


class Trimmed(NamedTuple):
    """Number of entries trimmed from the bus, and how many of them some reader had not passed."""

    entries: int
    unread: int


class Aside(NamedTuple):
    """A message that was too large for the bus, and the name under which it was set aside."""

    name: str
    raw: bytes


class Named(NamedTuple):
    """An entry of the bus, by its id, and the name of its message; see ``message_name``."""

    id: str
    name: bytes


class Repeats(NamedTuple):
    """Ids of the entries that are repeats, and how many of them no worker was told of before."""

    ids: frozenset[str]
    untold: int


NO_REPEATS = Repeats(frozenset(), 0)


class Kept(NamedTuple):
    """An entry of a stream that is derived from the bus. ``id`` is that of the entry that it was made from.

    ``before`` is for an entry of one user (stream ``user:<id>``) of which workers are to be told directly: the last
    entry of the bus before it that may be for the same user.
    """

    stream: str
    id: str
    raw: bytes
    before: str = ""


class Hint(NamedTuple):
    """Word of an entry that was kept for one user, from the worker that kept it; ``before`` as in ``Kept``."""

    id: str
    raw: bytes
    user_id: str
    before: str


class Bound(NamedTuple):
    """Number of entries that a stream keeps, and the seconds for which each is kept at least.

    A stream of more than ``most`` entries is cut back to ``length``. An entry that is older is removed with the next
    append. A stream without appends for that long expires as a whole.
    """

    length: int
    seconds: int

    @property
    def most(self) -> int:
        """Entries that a stream may have: a sixteenth more, so that a full one is not cut for each further entry."""
        return self.length + self.length // 16


class Gone(StrEnum):
    """Reason for which entries are missing from a derived stream, or for which nobody can tell whether some are."""

    TRIMMED = "trimmed"
    """The stream was too long, or the entries were too old when another one came."""
    EXPIRED = "expired"
    """The entries were too old, and none came after them."""
    UNKNOWN = "unknown"
    """This Redis cannot tell: the offset lies before the first entry that it kept, or beyond the last."""

    TOO_LARGE = "too_large"
    """An entry was kept while larger messages were allowed, and no client could take it now."""

    MISSED = "missed"
    """The bus did not have the entries any more when they were to be pushed."""


class KeptRange(NamedTuple):
    """Entries read from a derived stream. ``gone`` tells what became of others in that range; None if there were
    none.
    """

    entries: list[Entry]
    gone: Gone | None


class KeptSpan(NamedTuple):
    """A question for what several derived streams keep behind ``after``, up to and including ``until``."""

    streams: Sequence[str]
    after: str
    until: str


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that could not be handled, with its original bytes. ``at`` is in epoch seconds.

    ``id`` is the queue's name for it; empty until it is buried. ``entry`` is the message's id on the bus, if it has
    one; it is not kept. Of a message that was too large, ``raw`` is the beginning, and ``bytes`` and ``sha256``
    (hexadecimal) describe the whole; else they are 0 and empty.
    """

    raw: bytes
    reason: str
    detail: str
    src: str
    at: float
    id: str = ""
    entry: str = ""
    bytes: int = 0
    sha256: str = ""


class BusPort(Protocol):
    """The bus as its readers see it. Every call may raise ``QueueError``."""

    @property
    def address(self) -> str:
        """Address of the server, fit for a log."""

    def read(self, after: str, count: int, timeout: float) -> list[Entry]:
        """Return at most ``count`` entries behind ``after``; wait up to ``timeout`` seconds for a first one."""

    def range(self, after: str, until: str, count: int) -> list[Entry]:
        """Return at most ``count`` entries behind ``after``, up to and including ``until``. Does not wait."""


class NearBusPort(BusPort, Protocol):
    """The bus read at a replica, whose answers may be older than those of the primary, and are never wrong."""

    def miss(self, entry_id: str) -> None:
        """Note that a read brought nothing, although the primary has this entry."""


class QueuePort(BusPort, Protocol):
    """A list, a bus and the dead letters of one name. Every call may raise ``QueueError``.

    ``bus_bytes`` bounds the bus; 0 bounds its length alone. A change takes effect with the next intake. What a cursor
    has not passed stays beyond it.
    """

    address: str
    bus_bytes: int

    def check_format(self) -> None:
        """Raise ``QueueRefusedError`` if a newer version writes entries to the bus that this one cannot read.

        ``read`` and ``range`` raise it too, where they come upon such an entry.
        """

    def put(self, raws: Sequence[bytes]) -> None:
        """Push messages to the end of the list, all of them or none, in order; signed if the queue has a secret."""

    def intake(self, timeout: float, known: str = START, lone: Lone | None = None) -> Moved:
        """Move messages from the list to the bus, in order and atomically; wait ``timeout`` seconds for a first one.

        It leaves a message on the list if the bus would trim an entry for it that some cursor of this queue has not
        passed. So derived streams miss nothing, however short the bus is.

        One call moves a bounded number of messages and bytes. Several workers may call it at once. A message that is
        larger than the queue accepts is set aside, for ``aside``.

        ``known`` is the newest entry that the caller has heard of. A bus that ends before it has lost its end, in a
        failover for instance. It continues some seconds behind ``known``: no id is given twice, whatever the clock of
        the new primary says, and each lost number stays missing.

        With ``lone`` it also brings what lies on the bus by then. A worker that asks is alone, until another one
        moves messages, or an intake moves more than a hundred. Then, and if another one is alone already,
        ``await_company`` returns True.
        """

    def await_company(self, worker: str, timeout: float) -> bool:
        """Return True once a worker that asked to be alone has to wait on the bus again, which it should do soon:
        nothing else tells it of messages that others move. Wait up to ``timeout`` seconds.
        """

    def aside(self) -> Aside | None:
        """Return a message that was set aside, if there is one. It stays until it is buried."""

    def bury_aside(self, name: str, letter: DeadLetter) -> bool:
        """Forget a message that was set aside and add its dead letter, both or neither. False if it was gone."""

    def bind(self, named: Sequence[Named]) -> Repeats:
        """Bind names to entries, in the order of the bus, and return those entries that repeat others.

        The first entry that is brought for a name has it. Other entries of that name that came to the bus within
        ``repeat_seconds`` of it are repeats, before or behind it. Later ones have the name in their turn.

        The answer about an entry is the same for every caller, however often and however late, while the name is
        known. That is at least while its entry is on the bus and for ``repeat_seconds``, unless too many others came
        since. On a bus that Redis has lost, nobody knows which entry had a name: what comes behind it is no repeat.
        """

    def newest_id(self) -> str:
        """Return the id of the last entry, or ``START``. It is a later id if the bus continues behind its last
        entry.
        """

    def waiting(self) -> int:
        """Return the number of messages on the list that were not moved yet."""

    def committed_offsets(self, worker: str, lanes: Sequence[str]) -> dict[str, str]:
        """Return the committed offset of each lane of a worker, for those of ``lanes`` that have one."""

    def commit_offsets(self, worker: str, offsets: Mapping[str, str]) -> None:
        """Commit the entry behind which each lane has to continue. No offset moves backwards, whoever commits late.

        Nor does one move beyond the end of a bus that has entries: what lay there is lost, and others will take its
        place. An offset beyond the end of the bus, left from a bus that Redis has lost, does not count.
        """

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Add dead letters; those with an ``entry`` once for each reason, whoever adds them and how often.

        Of very many letters only the newest are known. After a ``QueueAwayError`` they may have been added.
        """

    def buried(self, reason: str) -> frozenset[str]:
        """Return the ids of the entries that were buried for a reason, as far as they are known."""

    def dead_letters(self, after: str, count: int) -> list[DeadLetter]:
        """Return at most ``count`` dead letters behind the one with the id ``after``, the oldest first."""

    def requeue(self, letter_id: str) -> bool:
        """Push a dead letter's message to the list again and forget the letter. It does not count as a repeat.

        Where signatures expire, a message that was signed well is signed again.

        False if there is no such letter, or if it does not hold its whole message.
        """

    def keep(
        self,
        cursor: str,
        until: str,
        entries: Sequence[Kept],
        bound: Bound | None = None,
        *,
        kept: str = START,
        direct: Sequence[int] = (),
    ) -> int:
        """Append entries to derived streams, move ``cursor`` on to ``until``, and return how many were appended.

        ``entries`` are in the order of the bus, derived by a worker that began at or before ``kept_until(cursor)``.
        Entries at or before the cursor are skipped, and so are those that their stream already has. So every worker
        may keep the same entries, and do it again after a ``QueueError`` or a crash. When the cursor moves, all of
        them are kept.

        With a ``bound``, the message of one id is stored once, however many streams it is for. A stream whose key
        holds something else loses the entry: ``broken`` names the key, and ``kept`` reports that something is gone.
        Without a bound such a key is refused.

        ``kept`` is the last entry that the caller has kept before. A cursor that stands before it belongs to a Redis
        that has lost the copies in between, though it may still have the entries: they count as lost for readers that
        ask for what came behind an earlier entry.

        ``direct`` are the leases of workers. Each gets a ``Hint`` of every new entry that has a ``before`` and whose
        user it holds in the registry, in one step with the keeping.
        """

    def begin_keep(
        self,
        cursor: str,
        until: str,
        entries: Sequence[Kept],
        bound: Bound | None = None,
        *,
        kept: str = START,
        direct: Sequence[int] = (),
    ) -> Callable[[], int]:
        """Begin to ``keep``, and return a function that waits for the end and returns what ``keep`` does.

        To be called once. Nothing counts as kept before: if it raises or is dropped, the entries may have been kept
        or not, or a part of them.
        """

    def hints(self, lease: int, after: str, count: int, timeout: float) -> list[Hint]:
        """Return at most ``count`` hints for the worker with a lease, behind the entry ``after``, in the order of the
        bus; wait up to ``timeout`` seconds for a first one.

        Some may be missing: only the last are there, and those of the last minute.
        """

    def kept_until(self, cursor: str) -> str:
        """Return the id that the cursor stands on, ``START`` if it was never moved."""

    def begin_keeping(self, cursor: str) -> str:
        """Return the cursor like ``kept_until``; one that was never moved begins at the end of the bus.

        On an empty bus that is an id with the number 0, before any entry to come. The bus continues behind the
        cursor, even if Redis has lost the bus alone and its clock was set back: then the entries count as lost. To be
        called before the first intake: what was on the bus before is left out, for all workers and for good.
        """

    def kept(
        self, cursor: str, streams: Sequence[str], after: str, until: str, count: int, *, size: int = NO_SIZE
    ) -> list[KeptRange]:
        """Return at most ``count`` entries of each stream behind ``after``, up to and including ``until``.

        The entry with which a stream's messages reach ``size`` bytes is its last one. All streams are read at one
        moment. Something is gone if any entry behind ``after`` has been removed, whatever ``until``.
        """

    def kept_together(
        self, cursor: str, spans: Sequence[KeptSpan], count: int, *, size: int = NO_SIZE
    ) -> list[list[KeptRange]]:
        """Return what ``kept`` returns for each span, read in one trip; each span at a moment of its own."""

    def seen(self, user_id: str) -> str:
        """Return the entry up to which a user has seen what is theirs. ``START`` if it was never noted, or long
        ago.
        """

    def see(self, seen: Mapping[str, str], seconds: int) -> None:
        """Note what several users have seen, for ``seconds``. No note goes backwards."""

    def broken(self) -> list[str]:
        """Return names of keys of one user or one cursor that hold something else than they should.

        It looks again at each key that was met here. A key that is in order is named once more, and then no longer.
        Bounded.
        """

    def memory(self) -> Memory:
        """Return how much memory is used and how much is allowed."""

    def trim(self, keep: int, seconds: float, lost_age: float = 0.0) -> Trimmed:
        """Trim the bus to about ``keep`` bytes, as far as all readers have passed that committed within ``seconds``.

        With a ``lost_age``, entries of that many seconds are trimmed even if some reader has not passed them; those
        that no cursor has passed count as lost. The newest entry always stays: the next id follows from it.
        """

    def largest(self, count: int) -> list[tuple[str, int]]:
        """Return the largest keys of the queue and their bytes, roughly, the largest first. Of very many keys it
        sees a part.
        """

    def close(self) -> None:
        """Close all connections. A later call opens a new one."""


def is_offset(text: str) -> bool:
    """Return True if a text is an id that a bus may have, or an offset between two of them."""
    return _OFFSET.fullmatch(text) is not None and order_of(text)[1] < 2**64


def number_of(entry_id: str) -> int:
    """Return the number in an entry's id; 0 for ``START``."""
    return int(entry_id.partition("-")[2])


def order_of(entry_id: str) -> tuple[int, int]:
    """Return the key by which ids are compared: as texts they do not sort."""
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)


def later_of(one: str, other: str) -> str:
    """Return the later one of two ids, which are often the same."""
    return one if one == other else max(one, other, key=order_of)


def just_before(entry_id: str) -> str:
    """Return the id behind which the first possible entry is ``entry_id`` itself."""
    milliseconds, number = order_of(entry_id)
    return f"{milliseconds}-{number - 1}" if number else f"{milliseconds - 1}-{2**64 - 1}"
