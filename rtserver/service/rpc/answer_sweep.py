"""AnswerSweep: removes queues for answers whose server is gone, so that none stays in Redis for ever.

Each server notes in ``{QUEUE}:answers`` when it was last there, by the clock of Redis. It leaves the note when it
ends: services may still write answers to its calls, which nobody reads. Whoever comes later removes them together.
"""

import logging
from collections.abc import Callable

from tcelib.queue.error import QueueError
from tcelib.queue.redis_commands import RedisCommands

SIGN_SECONDS = 60.0
log = logging.getLogger(__name__)

OpenCommands = Callable[[str], RedisCommands]
"""Opens the commands for the slot of a key."""


class AnswerSweep:
    """Source of the service thread. ``answers`` maps queues of calls to this server's queues for answers.

    A server that has been silent for ``silent_seconds`` is gone; that is longer than any call waits.
    """

    def __init__(
        self,
        answers: dict[str, str],
        open_commands: OpenCommands,
        *,
        silent_seconds: float,
        pause: Callable[[float], object],
    ) -> None:
        self._answers = answers
        self._open = open_commands
        self._silent_ms = round(silent_seconds * 1000)
        self._pause = pause
        self._is_stopping = False

    def run(self) -> None:
        """Look once a minute, until ``stop``."""
        while not self._is_stopping:
            for queue in self._answers:
                try:
                    self.look(queue)
                except QueueError as error:
                    log.debug("queues for answers were not looked at: %s", error)
            self._pause(SIGN_SECONDS)

    def stop(self) -> None:
        """See ``Source``."""
        self._is_stopping = True

    def look(self, queue: str) -> None:
        """Note that this server is there, and remove what others have left. Raises ``QueueError``."""
        redis = self._open(queue)
        notes = redis.key_of("answers")
        seconds, microseconds = redis.call("TIME")
        now_ms = int(seconds) * 1000 + int(microseconds) // 1000
        redis.call("ZADD", notes, now_ms, self._answers[queue])
        for raw in redis.call("ZRANGEBYSCORE", notes, "-inf", f"({now_ms - self._silent_ms}"):
            gone = self._open(raw.decode())
            for key in (gone.name, gone.key_of("dead")):
                gone.call("UNLINK", key)
            redis.call("ZREM", notes, raw)
