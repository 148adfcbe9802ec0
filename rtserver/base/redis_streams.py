"""Streams in Redis that are derived from the bus, and what users have seen of theirs.

Decides how much one script does, and what a stream's notes say about entries that are not there any more. What the
scripts do is said in them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec
import redis

from rtserver.base.queue_port import START, Bound, Gone, Kept, KeptRange, order_of
from rtserver.base.redis_commands import RedisCommands, entries_of, load_script

CHUNK = 500  # entries that one script appends: some milliseconds in which Redis does nothing else


class RedisStreams(RedisCommands):
    """The part of ``QueuePort`` that is about derived streams."""

    def __init__(self, client: redis.Redis, name: str) -> None:
        super().__init__(client, name)
        self._keep_script = load_script("keep.lua")
        self._kept_script = load_script("kept.lua")
        self._see_script = load_script("see.lua")

    def keep(self, cursor: str, until: str, entries: Sequence[Kept], bound: Bound | None = None) -> int:
        """See ``QueuePort``. The cursor moves with the last chunk: a crash before repeats them all."""
        chunks = [entries[start : start + CHUNK] for start in range(0, len(entries), CHUNK)] or [()]
        goals = [START] * (len(chunks) - 1) + [until]
        first = entries[0].id if entries else until
        return sum(
            self._keep_chunk(cursor, goal, first, chunk, bound) for goal, chunk in zip(goals, chunks, strict=True)
        )

    def begin_keeping(self, cursor: str) -> str:
        """See ``QueuePort``."""
        (seconds, micros), newest = self._call_together(
            [("TIME",), ("XREVRANGE", self._key_of("bus"), "+", "-", "COUNT", 1)]
        )
        # On an empty bus this moment is before every entry to come, and behind whatever an older bus had.
        here = entries_of(newest)[0].id if newest else f"{int(seconds) * 1000 + int(micros) // 1000}-0"
        key, born_key = (self._key_of(f"{note}:{cursor}") for note in ("kept", "born"))
        # Whoever moved something to the bus had begun before: then these two do nothing.
        commands = [("SET", born_key, here, "NX"), ("SET", key, here, "NX"), ("GET", key)]
        until: bytes = self._call_together(commands, is_atomic=True)[-1]
        return until.decode()

    def kept_until(self, cursor: str) -> str:
        """See ``QueuePort``."""
        entry_id: bytes | None = self._call("GET", self._key_of(f"kept:{cursor}"))
        return START if entry_id is None else entry_id.decode()

    def kept(self, cursor: str, streams: Sequence[str], after: str, until: str, count: int) -> list[KeptRange]:
        """See ``QueuePort``."""
        keys = [self._key_of(name) for name in (*_cursor_keys(cursor), *_stream_keys(streams))]
        reply = self._call("EVAL", self._kept_script, len(keys), *keys, after, until, count)
        kept_until, born, found, exists, newest, trimmed = reply
        doubt = _doubt(after, kept_until, born)
        return [
            KeptRange(entries_of(entries), doubt or _gone(after, bool(there), newest_id, trimmed_id))
            for entries, there, newest_id, trimmed_id in zip(found, exists, newest, trimmed, strict=True)
        ]

    def seen(self, user_id: str) -> str:
        """See ``QueuePort``."""
        entry_id: bytes | None = self._call("GET", self._key_of(f"seen:{user_id}"))
        return START if entry_id is None else entry_id.decode()

    def see(self, seen: Mapping[str, str], seconds: int) -> None:
        """See ``QueuePort``."""
        keys = [self._key_of(f"seen:{user_id}") for user_id in seen]
        self._call("EVAL", self._see_script, len(keys), *keys, seconds, *seen.values())

    def _keep_chunk(self, cursor: str, until: str, first: str, entries: Sequence[Kept], bound: Bound | None) -> int:
        streams: dict[str, int] = {}
        messages: dict[bytes, int] = {}  # one to many is sent to Redis once
        places: list[int | str] = []
        for stream, entry_id, raw in entries:
            stream_number = streams.setdefault(stream, len(streams) + 1)
            places += (stream_number, entry_id, messages.setdefault(raw, len(messages) + 1))
        packed = msgspec.msgpack.encode((list(streams), places))
        keys = [self._key_of(name) for name in _cursor_keys(cursor)]
        numbers = (until, first, *(bound or Bound(0, 0)))
        return int(
            self._call("EVAL", self._keep_script, len(keys), *keys, *numbers, self._key_of(""), packed, *messages)
        )


def _cursor_keys(cursor: str) -> tuple[str, str]:
    return f"kept:{cursor}", f"born:{cursor}"


def _stream_keys(streams: Collection[str]) -> Iterator[str]:
    yield from streams
    yield from (f"newest:{stream}" for stream in streams)
    yield from (f"trimmed:{stream}" for stream in streams)


def _doubt(after: str, kept_until: bytes | None, born: bytes | None) -> Gone | None:
    """Whether ``after`` lies where nobody can tell: before the first that was kept here, or beyond the last."""
    here = order_of(after)
    is_beyond = here > order_of((kept_until or START.encode()).decode())
    is_before = born is not None and here < order_of(born.decode())
    return Gone.UNKNOWN if is_beyond or is_before else None


def _gone(after: str, exists: bool, newest_id: bytes | None, trimmed_id: bytes | None) -> Gone | None:
    """What became of entries behind ``after``; a stream that has expired took all of them along."""
    gone_id = trimmed_id if exists else newest_id
    if gone_id is None or order_of(gone_id.decode()) <= order_of(after):
        return None
    return Gone.TRIMMED if exists else Gone.EXPIRED
