"""RedisStreamQueue: a stream that a consumer group reads, from which a message is removed when it is done.

A message belongs to a reader while it is pending for that consumer of the group, and the reader's silence is what
Redis calls idle. Nothing is ever trimmed from such a stream. The scripts describe themselves. Needs Redis 6.2.
"""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Generic, TypeVar

from tcelib.queue.error import MessageError, QueueRefusedError
from tcelib.queue.form import Form, HeaderForm
from tcelib.queue.message import DeadLetter, Delivery, Message
from tcelib.queue.name import checked_name
from tcelib.queue.port import EXPIRED, EXPIRY_DETAIL, MALFORMED
from tcelib.queue.redis_commands import RedisCommands, role_of_wait
from tcelib.redis.redis_connection import RedisClient, Role
from tcelib.redis.script import load_script

GROUP = "workers"
NOBODY_YET = ("NOGROUP", "no such key", "key no longer exists")
"""Words in Redis's error for a missing group or stream, or one that is removed while a reader waits."""
DEAD_LENGTH = 10_000
SCRIPTS = ("claim", "hold", "acknowledge", "bury", "tidy")

L = TypeVar("L")


class RedisStreamQueue(Generic[L]):
    """See ``GroupQueue``. ``key`` is the stream, ``dead_key`` that of about ``dead_length`` dead letters.

    ``redis`` is used by this queue alone. ``now`` is in epoch seconds.
    """

    def __init__(
        self,
        redis: RedisCommands,
        key: str,
        dead_key: str,
        form: Form[L],
        *,
        dead_length: int = DEAD_LENGTH,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name, self.address = key, redis.address
        self.expired = 0
        redis.kinds = {key: "stream", dead_key: "stream"}
        self._redis = redis
        self._key, self._dead = key, dead_key
        self._form = form
        self._dead_length = dead_length
        self._now = now
        self._scripts = {name: load_script("tcelib.queue", f"{name}.lua") for name in SCRIPTS}

    def put(self, messages: Sequence[Message]) -> None:
        """See ``Queue``. XADD, several of them in one transaction."""
        commands = [("XADD", self._key, "*", *self._form.fields(message)) for message in messages]
        if len(commands) == 1:
            self._redis.call(*commands[0], role=Role.PUBLISHING)
        elif commands:
            self._redis.call_together(commands, is_atomic=True, role=Role.PUBLISHING)

    def take(self, reader: str, count: int, timeout: float) -> list[Delivery]:
        """See ``Queue``. XREADGROUP, which waits in Redis."""
        while entries := self._read(reader, count, timeout):
            if found := self._open([(entry_id, 1, fields) for entry_id, fields in entries]):
                return found
            timeout = 0
        return []

    def claim(self, reader: str, count: int, silence: float) -> list[Delivery]:
        """See ``ReliableQueue``."""
        return self._claim(reader, round(silence * 1000), count)

    def claim_of(self, reader: str, owners: Collection[str], count: int) -> list[Delivery]:
        """See ``GroupQueue``."""
        return self._claim(reader, 0, count, *owners) if owners else []

    def holding(self) -> list[str]:
        """See ``GroupQueue``."""
        *_, readers = self._grouped("XPENDING", self._key, GROUP)
        return [name.decode("utf-8", "replace") for name, _ in readers or ()]

    def again(self, reader: str, message_id: str) -> Delivery | None:
        """See ``ReliableQueue``."""
        found = self._open(self._script("hold", reader, "again", message_id))
        return found[0] if found else None

    def held(self, reader: str, count: int) -> list[str]:
        """See ``ReliableQueue``."""
        pending = self._grouped("XPENDING", self._key, GROUP, "-", "+", count, reader)
        return [entry_id.decode() for entry_id, *_ in pending]

    def extend(self, reader: str, message_ids: Collection[str]) -> set[str]:
        """See ``ReliableQueue``."""
        return self._hold(reader, "extend", message_ids)

    def release(self, reader: str, message_ids: Collection[str]) -> None:
        """See ``ReliableQueue``."""
        self._hold(reader, "release", message_ids)

    def acknowledge(self, message_ids: Collection[str]) -> int:
        """See ``ReliableQueue``."""
        return int(self._script("acknowledge", *message_ids)) if message_ids else 0

    def bury(self, message_id: str, letter: L) -> bool:
        """See ``ReliableQueue``."""
        return self._bury(message_id, self._form.letter_fields(letter))

    def tidy(self, silence: float) -> None:
        """See ``ReliableQueue``."""
        self._script("tidy", round(silence * 1000))

    def length(self) -> int:
        """See ``Queue``."""
        return int(self._redis.call("XLEN", self._key))

    def oldest_age(self) -> float:
        """See ``Queue``. Both moments are told by the clock of Redis."""
        oldest = ("XRANGE", self._key, "-", "+", "COUNT", 1)
        (seconds, microseconds), entries = self._redis.call_together([("TIME",), oldest])
        if not entries:
            return 0.0
        put_ms = int(entries[0][0].partition(b"-")[0])
        return max(0.0, int(seconds) + int(microseconds) / 1e6 - put_ms / 1000)

    def close(self) -> None:
        """See ``Queue``."""
        self._redis.close()

    def _claim(self, reader: str, silence_ms: int, count: int, *owners: str) -> list[Delivery]:
        while claimed := self._script("claim", reader, silence_ms, count, *owners):
            if found := self._open(claimed):
                return found
        return []

    def _read(self, reader: str, count: int, timeout: float) -> Sequence[Any]:
        wait_ms = max(1, int(min(timeout, self._redis.longest_wait) * 1000))
        block = ("BLOCK", wait_ms) if timeout > 0 else ()
        command = ("XREADGROUP", "GROUP", GROUP, reader, "COUNT", count, *block, "STREAMS", self._key, ">")
        reply = self._grouped(*command, role=role_of_wait(timeout))
        entries: Sequence[Any] = reply[0][1] if reply else ()
        return entries

    def _open(self, held: Sequence[Any]) -> list[Delivery]:
        """Return the messages of entries that a reader holds now; entries that it must not get are buried.

        A refusal to bury costs the others nothing: the entry stays with the reader, whose silence lets it be claimed.
        It is raised where no message was found.
        """
        found, refusal = [], None
        for raw_id, tries, fields in held:
            try:
                message = self._fresh(raw_id.decode(), fields)
            except QueueRefusedError as error:
                refusal = error
                continue
            if message is not None:
                found.append(Delivery(message, tries))
        if refusal is not None and not found:
            raise refusal
        return found

    def _fresh(self, entry_id: str, fields: Sequence[bytes]) -> Message | None:
        """Return the message of an entry. Bury what is none, and what has expired."""
        try:
            message = self._form.message(entry_id, fields)
        except MessageError as error:
            self._bury(entry_id, self._form.refusal(fields, MALFORMED, str(error), self._now()))
            return None
        if not message.is_expired(self._now()):
            return message
        self.expired += self._bury(entry_id, self._form.refusal(fields, EXPIRED, EXPIRY_DETAIL, self._now()))
        return None

    def _bury(self, message_id: str, fields: Sequence[object]) -> bool:
        return bool(self._script("bury", message_id, self._dead_length, *fields))

    def _hold(self, reader: str, what: str, message_ids: Collection[str]) -> set[str]:
        if not message_ids:
            return set()
        return {held[0].decode() for held in self._script("hold", reader, what, *message_ids)}

    def _script(self, name: str, *arguments: object) -> Any:
        return self._grouped("EVAL", self._scripts[name], 2, self._key, self._dead, GROUP, *arguments)

    def _grouped(self, *command: object, role: Role = Role.COMMANDS) -> Any:
        """Run a command that needs the group. Create the group if it is missing: at first, or in an empty Redis."""
        try:
            return self._redis.call(*command, role=role)
        except QueueRefusedError as error:
            if not any(words in error.reason for words in NOBODY_YET):
                raise
        try:
            self._redis.call("XGROUP", "CREATE", self._key, GROUP, "0", "MKSTREAM")
        except QueueRefusedError as error:
            if "BUSYGROUP" not in error.reason:  # another reader was faster
                raise
        return self._redis.call(*command, role=role)


def redis_stream(
    client: RedisClient, name: str, *, dead_length: int = DEAD_LENGTH, now: Callable[[], float] = time.time
) -> RedisStreamQueue[DeadLetter]:
    """Return the queue with the key ``name`` and dead letters in ``{name}:dead``. May raise ``MessageError``."""
    redis = RedisCommands(client, checked_name(name))
    return RedisStreamQueue(redis, name, redis.key_of("dead"), HeaderForm(), dead_length=dead_length, now=now)
