"""Work that one of several workers does: a reliable queue in a derived stream of the bus.

An entry is one field, which is the message as it came; a dead letter goes to the dead letters of the bus.
"""

from collections.abc import Sequence
from typing import Protocol

from rtserver.base.queue.port import DeadLetter, QueuePort
from rtserver.base.queue.redis_entry import letter_fields
from tcelib.queue.form import Fields
from tcelib.queue.message import Message
from tcelib.queue.port import ReliableQueue


class WorkQueue(QueuePort, Protocol):
    """A queue whose derived streams can be worked off."""

    def work(self, stream: str) -> ReliableQueue[DeadLetter]:
        """Return the work in a derived stream that is kept without a bound."""


class WorkForm:
    """See ``Form``. The name of the field does not matter."""

    def fields(self, message: Message) -> Fields:
        """See ``Form``."""
        return ("raw", message.body)

    def message(self, entry_id: str, fields: Sequence[bytes]) -> Message:
        """See ``Form``."""
        return Message(fields[1], id=entry_id)

    def letter_fields(self, letter: DeadLetter) -> Fields:
        """See ``Form``."""
        return letter_fields(letter)

    def refusal(self, fields: Sequence[bytes], reason: str, detail: str, at: float) -> Fields:
        """See ``Form``."""
        return letter_fields(DeadLetter(fields[1], reason, detail, "", at))


def letter_of(message: Message, reason: str, detail: str, at: float) -> DeadLetter:
    """Return the dead letter of a piece of work; ``at`` in epoch seconds."""
    return DeadLetter(message.body, reason, detail, "", at)
