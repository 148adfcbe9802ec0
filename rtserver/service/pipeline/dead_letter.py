"""DeadLetters: messages that could not be handled, counted, logged at a bearable rate, and held until they are
written.

Other files decide why a message is rejected; ``dead_letter_writer`` writes the letters.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from hashlib import sha256

import msgspec

from rtserver.base.queue.port import DeadLetter, Entry
from rtserver.base.queue.signature import Signer
from rtserver.base.wire.json import encodable
from rtserver.service.message import Reason, Rejected, encode

LOG_SECONDS = 60.0
MAX_DETAIL = 500
KEPT_BYTES = 4_096  # of a message that is too large
CONGESTED_LENGTH = 5_000

log = logging.getLogger(__name__)


class DeadLetters:
    """Dead letters on their way to the queue. ``counts`` has every reason from the start.

    ``added`` and ``buried`` count letters: the letter that was added as number n is in Redis once ``buried`` has
    reached n. ``now`` returns epoch seconds. ``wake`` is called when a letter comes; the writer sets it. ``signer``
    signs the messages that are made of parts.
    """

    def __init__(self, now: Callable[[], float] = time.time, signer: Signer | None = None) -> None:
        self._now = now
        self._signer = signer or Signer()
        self._letters: deque[DeadLetter] = deque()
        self._last_line: dict[tuple[Reason, str, str], float] = {}
        self._untold: dict[tuple[Reason, str, str], int] = {}
        self.counts: dict[str, int] = {str(reason): 0 for reason in Reason}
        self.added = 0
        self.wake: Callable[[], object] = lambda: None

    def __len__(self) -> int:
        return len(self._letters)

    @property
    def buried(self) -> int:
        """Number of letters that have been written."""
        return self.added - len(self._letters)

    @property
    def is_congested(self) -> bool:
        """True if so many letters wait that no more messages should be read."""
        return len(self._letters) > CONGESTED_LENGTH

    def add(self, entry: Entry, rejected: Rejected, handler: str = "") -> None:
        """Add the dead letter of an entry. ``handler`` is the type of the handler that refused it, if one did.

        An exception that is the rejection's ``__cause__`` is logged with its traceback.
        """
        self._letters.append(self.letter(entry, rejected))
        self.added += 1
        self.count(rejected, handler)
        self.wake()

    def add_part(self, entry: Entry, rejected: Rejected, msg_type: str, data: object) -> None:
        """Add the dead letter of a part of an entry: a message of its own, with the data that was refused.

        It can be put back like any other. ``msg_type`` is the type of the message, and so of the handler.
        """
        raw = self._signer.sign(encode(msg_type, rejected.src, data))
        self.add(Entry(entry.id, raw), rejected, msg_type)

    def letter(self, entry: Entry, rejected: Rejected, whole_hash: str = "") -> DeadLetter:
        """Return the dead letter of a message, for a caller that writes it and then calls ``count``.

        Of a message that is too large it has the beginning, with the length and the SHA-256 of the whole:
        ``whole_hash``, if that is known already.
        """
        detail, src = encodable(rejected.detail[:MAX_DETAIL]), encodable(rejected.src)
        letter = DeadLetter(entry.raw, str(rejected.reason), detail, src, self._now(), entry=entry.id)
        if not rejected.is_too_large:
            return letter
        digest = whole_hash or sha256(entry.raw).hexdigest()
        return msgspec.structs.replace(letter, raw=entry.raw[:KEPT_BYTES], bytes=len(entry.raw), sha256=digest)

    def count(self, rejected: Rejected, handler: str = "") -> None:
        """Count a dead message, and log it."""
        self.counts[rejected.reason] += 1
        self._tell(rejected, handler, "to the dead stream")

    def tell_retry(self, rejected: Rejected, handler: str) -> None:
        """Log a message that is tried again."""
        self._tell(rejected, handler, "is tried again")

    def peek(self, count: int) -> list[DeadLetter]:
        """Return the oldest letters, at most ``count``. They stay until ``forget``."""
        return [self._letters[index] for index in range(min(count, len(self._letters)))]

    def forget(self, count: int) -> None:
        """Remove the oldest ``count`` letters, which have been written."""
        for _ in range(count):
            self._letters.popleft()

    def _tell(self, rejected: Rejected, handler: str, fate: str) -> None:
        """Log one line per reason, handler, fate and minute, with the number of those that got none."""
        now = self._now()
        key = (rejected.reason, handler, fate)
        if now - self._last_line.get(key, float("-inf")) < LOG_SECONDS:
            self._untold[key] = self._untold.get(key, 0) + 1
            return
        self._last_line[key] = now
        untold = self._untold.pop(key, 0)
        log.error(
            "! message from %r %s: %s%s%s",
            rejected.src,
            fate,
            f"{handler}: " if handler else "",
            str(rejected)[:MAX_DETAIL],
            f" (and {untold} more like it since the last line)" if untold else "",
            exc_info=rejected.__cause__,
        )
