"""The dead stream for a person at a terminal: what could not be handled, why, and once more onto the queue with it.

Decides what a letter looks like on a line and which ones are meant. The stream itself is the queue's.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

from rtserver.base.queue_port import START, DeadLetter, QueuePort

PAGE = 500
SHOWN = 60


def letters(queue: QueuePort, reason: str = "") -> Iterator[DeadLetter]:
    """All dead letters, the oldest first; with ``reason``, those of that reason. Raises ``QueueError``."""
    after = START
    while page := queue.dead_letters(after, PAGE):
        after = page[-1].id
        yield from (letter for letter in page if not reason or letter.reason == reason)


def find(queue: QueuePort, letter_id: str) -> DeadLetter | None:
    """The letter with that id. Raises ``QueueError``."""
    return next((letter for letter in letters(queue) if letter.id == letter_id), None)


def line(letter: DeadLetter) -> str:
    """A letter as one line: id, moment, reason, source and the beginning of its bytes."""
    beginning = letter.raw[:SHOWN].decode(errors="backslashreplace")
    more = "…" if len(letter.raw) > SHOWN else ""
    return (
        f"{letter.id:<18} {_moment(letter)}  {letter.reason:<14} {letter.src or '-':<12} {printable(beginning)}{more}"
    )


def page(letter: DeadLetter) -> str:
    """A letter whole, over several lines."""
    rows = {
        "id": letter.id,
        "at": _moment(letter),
        "reason": letter.reason,
        "detail": printable(letter.detail),
        "src": printable(letter.src),
        "message": printable(letter.raw.decode(errors="backslashreplace")),
    }
    return "\n".join(f"{name:<8} {value}" for name, value in rows.items())


def printable(text: str) -> str:
    """What a producer sent, with nothing in it that would steer the terminal."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def _moment(letter: DeadLetter) -> str:
    return datetime.fromtimestamp(letter.at, UTC).strftime("%Y-%m-%d %H:%M:%S")
