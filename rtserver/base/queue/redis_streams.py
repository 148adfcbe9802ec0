"""RedisStreams: streams that are derived from the bus, and what users have seen of theirs, in Redis.

It decides which messages are stored once for several streams, and what a stream's notes say about entries that are
gone. The scripts describe themselves.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rtserver.base.queue.bus_history import BusHistory
from rtserver.base.queue.keep_size import KeepSize
from rtserver.base.queue.port import NO_SIZE, START, Bound, Gone, Hint, Kept, KeptRange, KeptSpan, order_of
from rtserver.base.queue.redis_entry import entries_of, load_script, read_command
from tcelib.queue.redis_commands import RedisCommands, role_of_wait

SHARING_BYTES = 250  # cost of a shared body besides its own length
MOST_BROKEN = 100  # keys that are checked again
STREAM, HASH, PLACE = "stream", "hash", "place"


class RedisStreams:
    """The part of ``QueuePort`` that is about derived streams.

    ``derived``: the keys of the cursors that began here, each before the stream of its name; an intake waits for
    these cursors.
    """

    def __init__(self, redis: RedisCommands) -> None:
        self._redis = redis
        self.derived: dict[str, None] = {}
        self._keep_script = load_script("oom.lua", "place.lua", "end.lua", "body.lua", "direct.lua", "keep.lua")
        self._kept_script = load_script("place.lua", "end.lua", "body.lua", "kept.lua")
        self._see_script = load_script("place.lua", "see.lua")
        self._begin_script = load_script("oom.lua", "place.lua", "end.lua", "begin.lua")
        self._note_script = load_script("place.lua", "note.lua")
        self._broken_script = load_script("place.lua", "broken.lua")
        self._size = KeepSize()
        self._broken: dict[str, str] = {}
        self._found: set[str] = set()

    def keep(
        self,
        cursor: str,
        until: str,
        entries: Sequence[Kept],
        bound: Bound | None = None,
        *,
        kept: str = START,
        direct: Sequence[int] = (),
    ) -> int:
        """See ``QueuePort``."""
        return self.begin_keep(cursor, until, entries, bound, kept=kept, direct=direct)()

    def begin_keep(
        self,
        cursor: str,
        until: str,
        entries: Sequence[Kept],
        bound: Bound | None = None,
        *,
        kept: str = START,
        direct: Sequence[int] = (),
    ) -> Callable[[], int]:
        """See ``QueuePort``. The cursor moves with the last chunk, so a crash before it repeats all chunks.

        A chunk is sent when the one before has been kept. A long list is so in Redis's hands one chunk at a time.
        """
        first = entries[0].id if entries else until
        if bound is None:
            self._redis.kinds.update((self._redis.key_of(entry.stream), STREAM) for entry in entries)
        shared = _shared(entries) if bound is not None else frozenset()

        def begin(done: int) -> tuple[int, Callable[[], int]]:
            chunk = entries[done : done + self._size.count]
            done += len(chunk)
            goal = until if done >= len(entries) else START
            return done, self._begin_chunk(
                cursor, (goal, first, *(bound or Bound(0, 0))), chunk, shared, (kept, direct)
            )

        done, wait = begin(0)

        def finish() -> int:
            nonlocal done, wait
            appended = wait()
            while done < len(entries):
                done, wait = begin(done)
                appended += wait()
            return appended

        return finish

    def begin_keeping(self, cursor: str) -> str:
        """See ``QueuePort``."""
        self.derived |= dict.fromkeys(map(self._redis.key_of, (f"kept:{cursor}", cursor)))
        names = _cursor_keys(cursor)
        until, *odd = self._script(self._begin_script, (*names, "bus", "end", "lost", "moments"), cursor)
        self.note_odd(PLACE, (name for name, is_odd in zip(names, odd, strict=True) if is_odd))
        return str(until.decode())

    def hints(self, lease: int, after: str, count: int, timeout: float) -> list[Hint]:
        """See ``QueuePort``."""
        wait = min(timeout, self._redis.longest_wait)
        command = read_command(self._redis.key_of(f"to:{lease}"), after, count, wait)
        reply = self._redis.call(*command, role=role_of_wait(wait))
        return [
            Hint(entry_id.decode(), raw, user_id.decode(), before.decode())
            for entry_id, (_, raw, _, user_id, _, before) in (reply[0][1] if reply else ())
        ]

    def kept_until(self, cursor: str) -> str:
        """See ``QueuePort``."""
        return self._place(f"kept:{cursor}")

    def kept(
        self, cursor: str, streams: Sequence[str], after: str, until: str, count: int, *, size: int = NO_SIZE
    ) -> list[KeptRange]:
        """See ``QueuePort``."""
        [found] = self.kept_together(cursor, [KeptSpan(streams, after, until)], count, size=size)
        return found

    def kept_together(
        self, cursor: str, spans: Sequence[KeptSpan], count: int, *, size: int = NO_SIZE
    ) -> list[list[KeptRange]]:
        """See ``QueuePort``."""
        cursor_names, prefix = (*_cursor_keys(cursor), "bus", "end", "lost"), self._redis.key_of("")
        commands = []
        for streams, after, until in spans:
            keys = [*map(self._redis.key_of, (*cursor_names, *_stream_keys(streams)))]
            commands.append(("EVAL", self._kept_script, len(keys), *keys, after, until, count, size, prefix))
        replies = self._redis.call_together(commands)
        return [self._ranges(span, reply) for span, reply in zip(spans, replies, strict=True)]

    def _ranges(self, span: KeptSpan, reply: Any) -> list[KeptRange]:
        places, *found = reply
        kept_until, born, end, lost, oldest, behind = (None if place is None else place.decode() for place in places)
        doubt = BusHistory(kept_until, born, end or START, lost, oldest, behind).doubt(span.after)
        ranges = []
        for stream, entries, there, newest_id, trimmed_id, broken in zip(span.streams, *found, strict=True):
            if broken:
                self.note_odd(PLACE if broken > 1 else STREAM, [[*_stream_keys([stream])][broken - 1]])
            gone = Gone.UNKNOWN if broken else doubt or _gone(span.after, bool(there), newest_id, trimmed_id)
            ranges.append(KeptRange(entries_of(entries), gone))
        return ranges

    def seen(self, user_id: str) -> str:
        """See ``QueuePort``."""
        return self._place(f"seen:{user_id}")

    def see(self, seen: Mapping[str, str], seconds: int) -> None:
        """See ``QueuePort``."""
        self._script(self._see_script, [f"seen:{user_id}" for user_id in seen], seconds, *seen.values())

    def broken(self) -> list[str]:
        """See ``QueuePort``."""
        if not self._broken:
            return []
        names = list(self._broken)
        still = self._script(self._broken_script, names, *self._broken.values())
        told = [name for name, is_odd in zip(names, still, strict=True) if is_odd or name in self._found]
        self._broken = {name: self._broken[name] for name, is_odd in zip(names, still, strict=True) if is_odd}
        self._found.clear()
        return list(map(self._redis.key_of, told))

    def note_odd(self, kind: str, names: Collection[str] | Iterator[str]) -> None:
        """Note keys that hold something else than ``kind``, for ``broken``."""
        for name in names:
            if name not in self._broken and len(self._broken) < MOST_BROKEN:
                self._broken[name] = kind
                self._found.add(name)

    def _begin_chunk(
        self,
        cursor: str,
        numbers: Sequence[str | int],
        entries: Sequence[Kept],
        shared: Collection[str],
        others: tuple[str, Sequence[int]],
    ) -> Callable[[], int]:
        kept, direct = others
        streams: dict[str, int] = {}
        messages: dict[bytes, int] = {}  # a message for many streams goes to Redis once
        places: list[int | str] = []
        for stream, entry_id, raw, _ in entries:
            stream_number = streams.setdefault(stream, len(streams) + 1)
            message_number = messages.setdefault(raw, len(messages) + 1)
            places += (stream_number, entry_id, -message_number if entry_id in shared else message_number)
        described: tuple[object, ...] = (list(streams), places, kept)
        if direct:
            described += (direct, [entry.before for entry in entries])
        packed = msgspec.msgpack.encode(described)
        keys = [*map(self._redis.key_of, _cursor_keys(cursor))]
        wait = self._redis.begin_script(self._keep_script, keys, *numbers, self._redis.key_of(""), packed, *messages)

        def finish() -> int:
            appended, broken, due = wait()
            self._size.note(len(entries), due, sum(map(len, messages)))
            self.note_odd(STREAM, (name.decode() for name in broken))
            return int(appended)

        return finish

    def _script(self, script: str, names: Sequence[str], *arguments: object) -> Any:
        return self._redis.run_script(script, [*map(self._redis.key_of, names)], *arguments)

    def _place(self, name: str) -> str:
        entry_id, is_odd = self._script(self._note_script, [name])
        if is_odd:
            self.note_odd(PLACE, [name])
        return START if entry_id is None else entry_id.decode()


def _cursor_keys(cursor: str) -> tuple[str, str]:
    return f"kept:{cursor}", f"born:{cursor}"


def _stream_keys(streams: Collection[str]) -> Iterator[str]:
    yield from streams
    yield from (f"newest:{stream}" for stream in streams)
    yield from (f"trimmed:{stream}" for stream in streams)


def _shared(entries: Sequence[Kept]) -> set[str]:
    """Return the entries of the bus whose message is cheaper to store once than in each of its streams."""
    costs: dict[str, int] = {}
    raws: dict[str, bytes] = {}
    for _, entry_id, raw, _ in entries:
        if raws.setdefault(entry_id, raw) is raw or raws[entry_id] == raw:
            # The first copy costs nothing more: it has to be stored anyway.
            costs[entry_id] = costs[entry_id] + len(raw) if entry_id in costs else 0
        else:
            costs[entry_id] = -(2**62)  # not the same for all
    return {entry_id for entry_id, cost in costs.items() if cost > SHARING_BYTES}


def _gone(after: str, exists: bool, newest_id: bytes | None, trimmed_id: bytes | None) -> Gone | None:
    """Return why entries behind ``after`` are gone, None if none are. A stream that expired took all of them
    along.
    """
    gone_id = trimmed_id if exists else newest_id
    if gone_id is None or order_of(gone_id.decode()) <= order_of(after):
        return None
    return Gone.TRIMMED if exists else Gone.EXPIRED
