"""``rtserver dead``: dead letters for a person at a terminal.

It decides what a letter looks like on a line and on a page. The queue holds the letters.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from rtserver.base.queue.port import START, DeadLetter, QueuePort
from rtserver.base.wire.printable import printable

PAGE = 500
SHOWN = 60


def letters(queue: QueuePort, reason: str = "") -> Iterator[DeadLetter]:
    """Yield all dead letters, the oldest first; with ``reason``, those of that reason. Raises ``QueueError``."""
    after = START
    while page := queue.dead_letters(after, PAGE):
        after = page[-1].id
        yield from (letter for letter in page if not reason or letter.reason == reason)


def whole_ids(queue: QueuePort) -> list[str]:
    """Return the ids of the letters that hold their whole message. Raises ``QueueError``."""
    return [letter.id for letter in letters(queue) if not letter.bytes]


def find(queue: QueuePort, letter_id: str) -> DeadLetter | None:
    """Return the letter with that id. Raises ``QueueError``."""
    return next((letter for letter in letters(queue) if letter.id == letter_id), None)


def line(letter: DeadLetter) -> str:
    """Return a letter as one line: id, time, reason, source and the beginning of its bytes."""
    beginning = letter.raw[:SHOWN].decode(errors="backslashreplace")
    more = "…" if letter.bytes or len(letter.raw) > SHOWN else ""
    # Everything but the time may come from anyone who can write to the Redis.
    number, reason, src = printable(letter.id), printable(letter.reason), printable(letter.src) or "-"
    return f"{number:<18} {_moment(letter)}  {reason:<14} {src:<12} {printable(beginning)}{more}"


def page(letter: DeadLetter) -> str:
    """Return a whole letter, over several lines."""
    rows = {
        "id": letter.id,
        "at": _moment(letter),
        "reason": letter.reason,
        "detail": letter.detail,
        "src": letter.src,
        "message": letter.raw.decode(errors="backslashreplace"),
    }
    if letter.bytes:
        rows["message"] += "…"
        rows |= {"bytes": f"{letter.bytes}, of which {len(letter.raw)} were kept", "sha256": letter.sha256}
    return "\n".join(f"{name:<8} {printable(value)}" for name, value in rows.items())


def _moment(letter: DeadLetter) -> str:
    return datetime.fromtimestamp(letter.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
