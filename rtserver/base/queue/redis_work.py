"""RedisWork: a stream that a consumer group reads, from which a piece is removed when it is done.

A piece belongs to a worker while it is pending for that consumer of the group, and the worker's silence is what Redis
calls idle. Nothing is ever trimmed from such a stream. The scripts describe themselves.
"""

from collections.abc import Collection, Sequence
from typing import Any

from rtserver.base.queue.port import DeadLetter, QueueRefusedError
from rtserver.base.queue.redis_entry import letter_fields, load_script
from rtserver.base.queue.work_port import Work
from tcelib.queue.redis_commands import RedisCommands, role_of_wait
from tcelib.redis.redis_connection import Role

GROUP = "workers"
NOBODY_YET = ("NOGROUP", "no such key")  # in Redis's error for a missing group or stream


class RedisWork:
    """See ``WorkPort``. ``stream`` is the name that ``RedisQueue.keep`` knows."""

    def __init__(self, redis: RedisCommands, stream: str, *, longest_wait: float, dead_length: int) -> None:
        self._redis = redis
        self._stream, self._dead = redis.key_of(stream), redis.key_of("dead")
        redis.kinds = {self._stream: "stream", self._dead: "stream"}
        self._longest_wait = longest_wait
        self._dead_length = dead_length
        self._claim_script = load_script("work_claim.lua")
        self._hold_script = load_script("work_hold.lua")
        self._tidy_script = load_script("work_tidy.lua")
        self._end_script = load_script("oom.lua", "work_end.lua")

    def take(self, worker: str, timeout: float) -> Work | None:
        """See ``WorkPort``. XREADGROUP, which waits in Redis."""
        block = ("BLOCK", max(1, int(min(timeout, self._longest_wait) * 1000))) if timeout > 0 else ()
        command = ("XREADGROUP", "GROUP", GROUP, worker, "COUNT", 1, *block, "STREAMS", self._stream, ">")
        reply = self._grouped(*command, role=role_of_wait(timeout))
        if not reply:
            return None
        work_id, fields = reply[0][1][0]
        return Work(work_id.decode(), fields[1], 1)

    def claim(self, worker: str, silence: float) -> Work | None:
        """See ``WorkPort``."""
        return _work(self._script(self._claim_script, GROUP, worker, round(silence * 1000)))

    def again(self, worker: str, work_id: str) -> Work | None:
        """See ``WorkPort``."""
        held = self._script(self._hold_script, GROUP, worker, "again", work_id)
        return _work(held[0]) if held else None

    def held(self, worker: str, count: int) -> list[str]:
        """See ``WorkPort``."""
        return [
            piece[0].decode() for piece in self._grouped("XPENDING", self._stream, GROUP, "-", "+", count, worker)
        ]

    def renew(self, worker: str, work_ids: Collection[str]) -> set[str]:
        """See ``WorkPort``."""
        return self._hold(worker, "renew", work_ids)

    def release(self, worker: str, work_ids: Collection[str]) -> None:
        """See ``WorkPort``."""
        self._hold(worker, "release", work_ids)

    def finish(self, work_id: str) -> bool:
        """See ``WorkPort``."""
        return bool(self._script(self._end_script, GROUP, work_id))

    def bury(self, work_id: str, letter: DeadLetter) -> bool:
        """See ``WorkPort``."""
        return bool(self._script(self._end_script, GROUP, work_id, self._dead_length, *letter_fields(letter)))

    def tidy(self, silence: float) -> None:
        """See ``WorkPort``."""
        self._script(self._tidy_script, GROUP, round(silence * 1000))

    def waiting(self) -> int:
        """See ``WorkPort``."""
        return int(self._redis.call("XLEN", self._stream))

    def _hold(self, worker: str, what: str, work_ids: Collection[str]) -> set[str]:
        if not work_ids:
            return set()
        return {held[0].decode() for held in self._script(self._hold_script, GROUP, worker, what, *work_ids)}

    def _script(self, script: str, *arguments: object) -> Any:
        return self._grouped("EVAL", script, 2, self._stream, self._dead, *arguments)

    def _grouped(self, *command: object, role: Role = Role.COMMANDS) -> Any:
        """Run a command that needs the group. Create the group if it is missing: at first, or in an empty Redis."""
        try:
            return self._redis.call(*command, role=role)
        except QueueRefusedError as error:
            if not any(words in error.reason for words in NOBODY_YET):
                raise
        try:
            self._redis.call("XGROUP", "CREATE", self._stream, GROUP, "0", "MKSTREAM")
        except QueueRefusedError as error:
            if "BUSYGROUP" not in error.reason:  # another worker was faster
                raise
        return self._redis.call(*command, role=role)


def _work(reply: Sequence[Any] | None) -> Work | None:
    return None if reply is None else Work(reply[0].decode(), reply[2], reply[1])
