"""What a queue is, whatever it is made of: a list that producers push to, a bus that workers follow, dead letters.

Knows bytes only; what a message means is decided above. ``RedisQueue`` is the real one and ``MemoryQueue`` its twin;
both pass the same tests.

Every entry of the bus is named ``<milliseconds>-<number>``: when it was moved there, and a number that counts up by
one. So whoever follows the bus sees from two neighbouring ids alone whether something is missing between them.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

_PLACE = re.compile("[0-9]{1,15}-[0-9]{1,20}")
START = "0-0"
"""The place before the first entry of any bus."""
NO_SIZE = 2**53
"""More bytes than any messages have."""


class QueueError(Exception):
    """The queue did not do what it was asked to. ``address`` is where it was tried, fit for a log.

    QueueError
    ├── QueueAwayError      there is no answer: not there, gone, too slow, or not letting us in
    └── QueueRefusedError   there is one, and it is an error
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.address}: {self.reason}"


class QueueAwayError(QueueError):
    """No connection, or one that broke. What was asked for may have been done or not."""


class QueueRefusedError(QueueError):
    """An error for an answer, such as a key of the wrong kind or no memory left. Nothing was done."""


class Entry(NamedTuple):
    """One message on the bus."""

    id: str
    raw: bytes


class Moved(NamedTuple):
    """What an intake did: how many messages it moved, the id of the newest entry of the bus after it, and how many
    messages are set aside because they are too large. ``bytes`` is how many have come to the bus since it began.
    ``is_held``: some messages were left until a cursor has come closer.
    """

    messages: int
    newest_id: str
    aside: int = 0
    ended: str | None = None
    """Where the bus ended, if that was before an entry that the caller knew of: entries have been lost."""
    bytes: int = 0
    is_held: bool = False


class Memory(NamedTuple):
    """Memory of whoever keeps the queue: bytes that are used, and that may be, 0 for no limit; and what it does then.

    ``bus`` are the bytes of the bus among them, about.
    """

    used: int
    most: int
    policy: str
    bus: int


class Trimmed(NamedTuple):
    """How many entries were trimmed from the bus, and how many of them somebody had not passed."""

    entries: int
    unread: int


class Aside(NamedTuple):
    """A message that was too large for the bus, under the name that it was set aside by."""

    name: str
    raw: bytes


class Named(NamedTuple):
    """An entry of the bus, by its id, and the name of its message: see ``message_name``."""

    id: str
    name: bytes


class Repeats(NamedTuple):
    """Which entries are repeats, by their ids, and how many of them nobody has been told of before."""

    ids: frozenset[str]
    untold: int


NO_REPEATS = Repeats(frozenset(), 0)


class Kept(NamedTuple):
    """An entry of a stream that is derived from the bus: ``id`` is the entry's that it was made from."""

    stream: str
    id: str
    raw: bytes


class Bound(NamedTuple):
    """How many entries a stream holds at most, and for how many seconds each is good for at the least.

    An entry is removed with the next append after that, or the stream as a whole after as long without any.
    """

    length: int
    seconds: int


class Gone(StrEnum):
    """Why entries are not in a derived stream any more, or why nobody can tell whether there were any."""

    TRIMMED = "trimmed"
    """The stream was too long, or they were too old when another one came."""
    EXPIRED = "expired"
    """They were too old, and none came after them."""
    UNKNOWN = "unknown"
    """This Redis cannot tell: the place lies before the first entry that it was asked to keep, or beyond the last."""

    TOO_LARGE = "too_large"
    """One was kept while larger messages were allowed, and no client could take it now."""

    MISSED = "missed"
    """The bus did not have them any more when they were to be pushed."""


class KeptRange(NamedTuple):
    """What a derived stream gave; ``gone`` says what became of further ones, None if there were no others."""

    entries: list[Entry]
    gone: Gone | None


class DeadLetter(msgspec.Struct, frozen=True):
    """A message that could not be handled, with its original bytes. ``at`` is in epoch seconds.

    ``id`` is the queue's name for it; empty until it has been buried. ``entry`` is the id that the message has on the
    bus, if any; it is not kept. Of a message that was too large ``raw`` is the beginning; then ``bytes`` and
    ``sha256``, in hexadecimal digits, are those of the whole, else 0 and empty.
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


class QueuePort(Protocol):
    """A list, a bus and the dead letters of one name. Every call may raise ``QueueError``.

    ``bus_bytes`` bounds the bus, 0 for its length alone. Who changes it changes what the next intake does.
    """

    address: str
    bus_bytes: int

    def put(self, raws: Sequence[bytes]) -> None:
        """Push messages to the end of the list, all of them or none, in order; signed, if the queue has a secret."""

    def intake(self, timeout: float, known: str = START) -> Moved:
        """Move what is on the list to the bus, in order and atomically; wait ``timeout`` seconds for a first one.

        It moves no message for which the bus would trim an entry that is still to be derived: that one of the cursors
        which this queue has begun to keep has not passed yet. What is derived misses nothing, however short the bus.

        One call moves a bounded number of messages and bytes. Several workers may do it at once. A message that is
        larger than the queue takes is set aside, for ``aside``.

        ``known`` is the newest entry that the caller has heard of. A bus that ends before it has lost its end, in a
        failover for instance. It goes on behind ``known``, some seconds behind: whatever the clock of the new primary
        says, no id is given twice, and each number that was lost is missing from the numbers.
        """

    def aside(self) -> Aside | None:
        """A message that was set aside, if there is one. It stays until it is buried."""

    def bury_aside(self, name: str, letter: DeadLetter) -> bool:
        """Forget a message that was set aside and add its dead letter, both or neither; False if it was gone."""

    def bind(self, named: Sequence[Named]) -> Repeats:
        """Bind names to entries, in the order of the bus: which of these entries are repeats of others?

        The first entry that is brought for a name has it, whichever that is. Others of that name that came to the bus
        within ``repeat_seconds`` of it are repeats, before or behind. Later ones have the name in their turn.

        The verdict on an entry is the same for everybody who asks, however often and however late, while the name is
        known: at least while its entry is on the bus and for ``repeat_seconds``, if not too many others came since.
        Of an entry on a bus that Redis has lost nobody knows who had it: what comes behind it is no repeat of it.
        """

    def read(self, after: str, count: int, timeout: float) -> list[Entry]:
        """At most ``count`` entries of the bus behind ``after``; waits up to ``timeout`` seconds for a first one."""

    def range(self, after: str, until: str, count: int) -> list[Entry]:
        """At most ``count`` entries behind ``after``, up to and with ``until``. Does not wait."""

    def newest_id(self) -> str:
        """The id of the last entry of the bus, ``START`` if there is none; behind it if the bus goes on elsewhere."""

    def waiting(self) -> int:
        """How many messages are on the list and have not been moved yet."""

    def committed_offsets(self, worker: str, lanes: Sequence[str]) -> dict[str, str]:
        """Behind which entries a worker's lanes have to go on, for those of ``lanes`` that have saved it."""

    def commit_offsets(self, worker: str, offsets: Mapping[str, str]) -> None:
        """Note down behind which entry each lane has to go on. None moves backwards, whoever comes late.

        Nor beyond the end of the bus, if it has entries: what lay there is lost, and others will come in its place.
        What was noted on a bus that Redis has lost since, beyond the end of this one, does not count.
        """

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """Add dead letters, those with an ``entry`` once for each reason, whoever does it and how often.

        Of very many, the newest are known. After a ``QueueAwayError`` they may have been added.
        """

    def buried(self, reason: str) -> frozenset[str]:
        """The entries of the bus that were buried for a reason, by id, as far as they are known."""

    def dead_letters(self, after: str, count: int) -> list[DeadLetter]:
        """At most ``count`` dead letters behind the one with the id ``after``, the oldest first."""

    def requeue(self, letter_id: str) -> bool:
        """Push a dead letter's message to the list again and forget the letter. It does not count as a repeat.

        It is signed anew where it was signed well and signatures are good for a time.

        False if there is no such letter, or if it does not have all of its message.
        """

    def keep(
        self, cursor: str, until: str, entries: Sequence[Kept], bound: Bound | None = None, *, kept: str = START
    ) -> int:
        """Append to derived streams, and move ``cursor`` on to ``until``: how many entries were appended.

        ``entries`` are in the order of the bus, made by one who began at or before ``kept_until(cursor)``. Those at
        or before the cursor are passed over, and so are those that their stream has already: so every worker may keep
        the same entries, and do it again after a ``QueueError`` or a crash. When the cursor moves, all are kept.

        With a ``bound``, the message of one id is stored once, however many streams it is for; and where a stream
        cannot be appended to because its key holds something else, that stream alone loses the entry: ``broken``
        names the key, and ``kept`` tells that something is gone. Without a bound such a key is refused.

        ``kept`` is the last entry that the caller has kept before. A cursor that stands before it belongs to a Redis
        that has lost the copies in between, though it may still have the entries: the place counts as lost for
        whoever asks for what came behind an earlier one.
        """

    def kept_until(self, cursor: str) -> str:
        """The id that the cursor stands on, ``START`` if nobody has moved it yet."""

    def begin_keeping(self, cursor: str) -> str:
        """As ``kept_until``; a cursor that nobody has moved yet begins at the end of the bus.

        On an empty bus that is a place with the number 0, before any entry to come. The bus goes on behind the
        cursor, also where Redis has lost the bus alone and its clock was set back: what was there counts as lost.
        To be called before the first intake: what was on the bus before is left out, for all workers and for good.
        """

    def kept(
        self, cursor: str, streams: Sequence[str], after: str, until: str, count: int, *, size: int = NO_SIZE
    ) -> list[KeptRange]:
        """Of each stream of a cursor at most ``count`` entries behind ``after``, up to and with ``until``.

        The entry with which the messages of a stream have ``size`` bytes is its last one.
        All of it at one moment. Something is gone if any entry behind ``after`` has been removed, whatever ``until``.
        """

    def seen(self, user_id: str) -> str:
        """Up to which entry a user has seen what is his, ``START`` if that was never noted or long ago."""

    def see(self, seen: Mapping[str, str], seconds: int) -> None:
        """Note that down for several users, to be known for so long. No note goes backwards."""

    def broken(self) -> list[str]:
        """Names of keys of one user or one cursor that were met here, and hold something else than they should.

        Looks at each of them again: what is in order is not named any more, once it has been. Bounded.
        """

    def memory(self) -> Memory:
        """How much is used, and how much may be."""

    def trim(self, keep: int, seconds: float, lost_age: float = 0.0) -> Trimmed:
        """Trim the bus to about ``keep`` bytes, as far as all have passed whose places were noted within ``seconds``.

        With a ``lost_age``, entries that are so many seconds old go whoever has not passed them; those that no
        cursor has passed count as lost. The newest one stays in any case: the next id follows from it.
        """

    def largest(self, count: int) -> list[tuple[str, int]]:
        """The largest keys of the queue with their bytes, about, the largest first. Of very many it sees a part."""

    def close(self) -> None:
        """Let go of every connection. A later call opens a new one."""


def is_place(text: str) -> bool:
    """Whether a text is an id that a bus may have, or a place between two of them."""
    return _PLACE.fullmatch(text) is not None and order_of(text)[1] < 2**64


def number_of(entry_id: str) -> int:
    """The number in an entry's id; 0 for ``START``."""
    return int(entry_id.partition("-")[2])


def order_of(entry_id: str) -> tuple[int, int]:
    """What ids are compared by: as texts they do not sort."""
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)


def just_before(entry_id: str) -> str:
    """An id behind which the first possible entry is ``entry_id`` itself."""
    milliseconds, number = order_of(entry_id)
    return f"{milliseconds}-{number - 1}" if number else f"{milliseconds - 1}-{2**64 - 1}"
