"""Entries, dead letters and scripts of rtserver's queue, as Redis has them."""

from collections.abc import Sequence

from rtserver.base.queue.bus_format import RAW
from rtserver.base.queue.port import DeadLetter, Entry
from rtserver.base.queue.route import NO_ROUTE
from tcelib.redis import script

_new_tuple = tuple.__new__


def load_script(*names: str) -> str:
    """Return the script that these files make together."""
    return script.load_script("rtserver.base.queue", *names)


def entries_of(reply: Sequence[tuple[bytes, list[bytes]]]) -> list[Entry]:
    """Return the entries in a reply of XRANGE and its like.

    The first field of each is the message. A second one is its route: named after its type, it says whom or what the
    message is for.
    """
    # For each message, so a tuple is made as it is: the constructor of a named tuple takes twice as long.
    return [
        _new_tuple(
            Entry,
            (entry_id.decode(), *fields[1:4]) if len(fields) > 3 else (entry_id.decode(), fields[1], *NO_ROUTE),
        )
        for entry_id, fields in reply
    ]


def are_foreign(reply: Sequence[tuple[bytes, list[bytes]]]) -> bool:
    """Return True if some of the entries have another first field than those of this version: look at the format."""
    return bool([1 for _, fields in reply if fields[0] != RAW])  # half the time of any()


def read_command(bus: str, after: str, count: int, wait: float) -> tuple[object, ...]:
    """Return the command that reads the bus, and waits in Redis for ``wait`` seconds; 0 does not wait."""
    block = ("BLOCK", max(1, int(wait * 1000))) if wait > 0 else ()
    return ("XREAD", "COUNT", count, *block, "STREAMS", bus, after)


def range_command(bus: str, after: str, until: str, count: int) -> tuple[object, ...]:
    """Return the command for the entries of the bus behind ``after``, up to and including ``until``."""
    return ("XRANGE", bus, f"({after}", until, "COUNT", count)


def letter_fields(letter: DeadLetter) -> tuple[str | bytes | int, ...]:
    """Return a dead letter as the fields of an entry; ``at`` in milliseconds."""
    texts = ("reason", letter.reason, "detail", letter.detail, "src", letter.src)
    whole = ("bytes", letter.bytes, "sha256", letter.sha256) if letter.bytes else ()
    return (*texts, "raw", letter.raw, "at", int(letter.at * 1000), *whole)
