"""RedisQueue: a list for producers, a stream for workers and a stream of dead letters, in Redis.

It decides where a message is at any moment. A crash leaves each message in exactly one place and in order: on the
list, on the intake list between the blocking pop and the bus, or on the bus. All keys share one hash tag, so that a
Redis Cluster keeps them together. Needs Redis 6.2.

It knows nothing of threads and event loops: the client brings its connections with it.
"""

from collections.abc import Mapping, Sequence
from itertools import chain

from rtserver.base.queue.bus_format import NOTE, check_format
from rtserver.base.queue.message_name import maybe_name_in
from rtserver.base.queue.port import (
    NO_REPEATS,
    START,
    Aside,
    DeadLetter,
    Entry,
    Lone,
    Memory,
    Moved,
    Named,
    QueueRefusedError,
    Repeats,
    Trimmed,
    is_offset,
)
from rtserver.base.queue.redis_entry import (
    are_foreign,
    entries_of,
    letter_fields,
    load_script,
    range_command,
    read_command,
)
from rtserver.base.queue.redis_streams import HASH, RedisStreams
from rtserver.base.queue.signature import Signer
from rtserver.base.queue.work import WorkForm
from tcelib.queue.redis_commands import RedisCommands, role_of_wait
from tcelib.queue.redis_stream import RedisStreamQueue
from tcelib.redis.key_kind import WRONG_KIND
from tcelib.redis.redis_connection import RedisClient, Role, plain_client

__all__ = ["DEFAULT_NAME", "RedisQueue", "plain_client"]

DEFAULT_NAME = "queue:rtserver"
MOST_NAMES = 1_000_000  # about 130 MB, whatever producers do
DERIVED_MS = 3_600_000  # for which a cursor that does not move holds entries on the bus
NAME_MS = 86_400_000  # of silence after which all names are forgotten
NO_MEMORY = "maxmemory"  # in Redis's error for a command that needs memory when none is left
WAIT_WITHOUT_MEMORY = 0.1
SCANS, SCAN_COUNT, USAGE_SAMPLES = 4, 500, 200
BATCH_BYTES = 8_388_608  # moved by one intake; Redis does nothing else meanwhile


class RedisQueue:
    """One queue, named after its list. It may be shared as far as its client may.

    ``batch`` bounds the messages of one intake. The bus keeps about ``bus_length`` entries, the dead stream about
    ``dead_length``. A name stands for one message for ``repeat_seconds``; 0 turns that off. Of very many names the
    last are known, at least half of ``most_names``. A message of more than ``most_bytes`` does not come to the bus; 0
    is no bound. ``signer`` signs what is put.
    """

    def __init__(
        self,
        client: RedisClient,
        name: str = DEFAULT_NAME,
        *,
        batch: int = 1_000,
        bus_length: int = 100_000,
        dead_length: int = 10_000,
        repeat_seconds: float = 600.0,
        most_names: int = MOST_NAMES,
        most_bytes: int = 0,
        signer: Signer | None = None,
    ) -> None:
        self._redis = redis = RedisCommands(client, name)
        self._call, self._key_of = redis.call, redis.key_of
        self._streams = streams = RedisStreams(redis)
        self.name, self.address = name, client.address
        # Derived streams are the streams' own part of the port.
        self.keep, self.begin_keep = streams.keep, streams.begin_keep
        self.hints = streams.hints
        self.begin_keeping, self.kept_until = streams.begin_keeping, streams.kept_until
        self.kept, self.kept_together = streams.kept, streams.kept_together
        self.seen, self.see, self.broken = streams.seen, streams.see, streams.broken
        self._client = client
        self._list, self._intake = name, f"{{{name}}}:intake"
        self._bus, self._dead = f"{{{name}}}:bus", f"{{{name}}}:dead"
        self._committed, self._buried = f"{{{name}}}:positions", f"{{{name}}}:buried"
        self._names = (f"{{{name}}}:names", f"{{{name}}}:names:before")
        self._aside = f"{{{name}}}:aside"
        self._end, self._lost = f"{{{name}}}:end", f"{{{name}}}:lost"
        self._moments = f"{{{name}}}:moments"
        self._bus_total, self._marks = f"{{{name}}}:bus:bytes", f"{{{name}}}:bus:marks"
        self._alone = f"{{{name}}}:alone"
        ends = (self._end, self._lost, self._bus_total, self._marks, self._moments, self._alone)
        self._move_keys = (self._intake, self._list, self._bus, self._aside, *ends)
        self.bus_bytes = 0
        kinds = {self._list: "list", self._intake: "list", self._bus: "stream", self._dead: "stream"}
        kinds |= {**dict.fromkeys(self._names, "hash"), self._aside: "set", self._moments: "zset"}
        kinds |= {self._bus_total: "string", self._marks: "list", self._key_of(NOTE): "string"}
        redis.kinds = {**kinds, self._buried: "zset", self._committed: "hash"}
        self._batch, self._bus_length, self._dead_length = batch, bus_length, dead_length
        self._signer = signer or Signer()
        self._repeat_ms = round(repeat_seconds * 1000)
        self._name_ms = max(NAME_MS, 2 * self._repeat_ms)
        self._most_names, self._most_bytes = most_names, most_bytes
        self._bury_script = load_script("oom.lua", "bury.lua")
        self._bury_aside_script = load_script("oom.lua", "bury_aside.lua")
        places = ("oom.lua", "place.lua", "end.lua")
        self._intake_script = load_script(*places, "passed.lua", "marks.lua", "alone.lua", "route.lua", "intake.lua")
        self._bind_script = load_script("oom.lua", "place.lua", "bind.lua")
        self._requeue_script = load_script("requeue.lua")
        self._commit_script = load_script(*places, "commit.lua")
        self._end_script = load_script("place.lua", "end.lua", "newest.lua")
        self._trim_script = load_script(*places, "passed.lua", "marks.lua", "trim.lua")

    def check_format(self) -> None:
        """See ``QueuePort``."""
        check_format(self._redis)

    def put(self, raws: Sequence[bytes]) -> None:
        """See ``QueuePort``. One RPUSH."""
        if raws:
            self._call("RPUSH", self._list, *map(self._signer.sign, raws), role=Role.PUBLISHING)

    def intake(self, timeout: float, known: str = START, lone: Lone | None = None) -> Moved:
        """See ``QueuePort``. Moves the leftovers of a dead worker first.

        All commands leave in one write, so Redis goes from the pop to the script without a round trip in between.
        """
        wait = min(timeout, self._redis.longest_wait)
        move_one = (self._list, self._intake, "LEFT", "RIGHT")
        pop = ("BLMOVE", *move_one, wait) if wait > 0 else ("LMOVE", *move_one)
        commands = [pop, self._move(known, lone.worker if lone else "")]
        if lone:
            commands.append(("XREAD", "COUNT", lone.most, "STREAMS", self._bus, lone.after))
        popped, moved, *read = self._redis.call_together(commands, role=role_of_wait(wait), tolerated=NO_MEMORY)
        count, newest_id, aside, ended, size, is_held, holder = moved
        if isinstance(popped, Exception) and count == 0 and wait > 0:
            # Redis had no memory for the pop, which would have waited. The script ran, so wait here.
            self._call("BLPOP", f"{self._intake}:none", min(wait, WAIT_WITHOUT_MEMORY), role=Role.BLOCKING)
        end = ended.decode() if ended else None
        entries = self._entries(read[0][0][1]) if read and read[0] else ()
        return Moved(count, newest_id.decode(), aside, end, size, bool(is_held), holder.decode(), entries)

    def await_company(self, worker: str, timeout: float) -> bool:
        """See ``QueuePort``. The scripts of others push to a list of the worker's own."""
        wait = min(timeout, self._redis.longest_wait)
        return self._call("BLPOP", f"{self._alone}:{worker}", wait, role=Role.BLOCKING) is not None

    def _move(self, known: str, lone: str) -> tuple[object, ...]:
        keys = (*self._move_keys, *self._streams.derived)
        batch_bytes = min(BATCH_BYTES, self.bus_bytes // 8) if self.bus_bytes else BATCH_BYTES
        bounds = (self._batch, batch_bytes, self._bus_length, self._most_bytes, known, self.bus_bytes)
        return ("EVAL", self._intake_script, len(keys), *keys, *bounds, self._key_of(""), DERIVED_MS, lone)

    def aside(self) -> Aside | None:
        """See ``QueuePort``. Each message that is set aside is a list of its own, of one element."""
        name = self._call("SRANDMEMBER", self._aside)
        if name is None:
            return None
        raws = self._call("LRANGE", self._aside_key(name.decode()), 0, 0)
        return Aside(name.decode(), raws[0] if raws else b"")

    def bury_aside(self, name: str, letter: DeadLetter) -> bool:
        """See ``QueuePort``."""
        keys = (self._aside, self._aside_key(name), self._dead)
        fields = (name, self._dead_length, *letter_fields(letter))
        return bool(self._call("EVAL", self._bury_aside_script, len(keys), *keys, *fields))

    def bind(self, named: Sequence[Named]) -> Repeats:
        """See ``QueuePort``. Two hashes map names to notes about them."""
        if not named or not self._repeat_ms:
            return NO_REPEATS
        keys = (*self._names, self._bus)
        bounds = (self._repeat_ms, self._most_names, self._name_ms)
        untold, *ids = self._call("EVAL", self._bind_script, len(keys), *keys, *bounds, *chain.from_iterable(named))
        return Repeats(frozenset(entry_id.decode() for entry_id in ids), untold)

    def read(self, after: str, count: int, timeout: float) -> list[Entry]:
        """See ``QueuePort``. XREAD, which waits in Redis."""
        command = read_command(self._bus, after, count, min(timeout, self._redis.longest_wait))
        reply = self._call(*command, role=role_of_wait(timeout))
        return self._entries(reply[0][1]) if reply else []

    def range(self, after: str, until: str, count: int) -> list[Entry]:
        """See ``QueuePort``."""
        return self._entries(self._call(*range_command(self._bus, after, until, count)))

    def _entries(self, reply: Sequence[tuple[bytes, list[bytes]]]) -> list[Entry]:
        if are_foreign(reply):
            self.check_format()
        return entries_of(reply)

    def newest_id(self) -> str:
        """See ``QueuePort``."""
        return str(self._call("EVAL", self._end_script, 2, self._bus, self._end).decode())

    def waiting(self) -> int:
        """See ``QueuePort``."""
        return int(self._call("LLEN", self._list))

    def committed_offsets(self, worker: str, lanes: Sequence[str]) -> dict[str, str]:
        """See ``QueuePort``. A hash whose fields are ``<worker>/<lane>``."""
        if not lanes:
            return {}
        try:
            found = self._call("HMGET", self._committed, *(f"{worker}/{lane}" for lane in lanes))
        except QueueRefusedError as error:
            if WRONG_KIND not in error.reason:
                raise
            self._streams.note_odd(HASH, ["positions"])
            return {}
        texts = {
            lane: text.decode(errors="replace") for lane, text in zip(lanes, found, strict=True) if text is not None
        }
        places = {lane: text for lane, text in texts.items() if is_offset(text)}
        if len(places) < len(texts):
            self._streams.note_odd(HASH, ["positions"])
        return places

    def commit_offsets(self, worker: str, offsets: Mapping[str, str]) -> None:
        """See ``QueuePort``."""
        if offsets:
            pairs = [text for lane, offset in offsets.items() for text in (f"{worker}/{lane}", offset)]
            keys = (self._committed, self._bus, self._end, self._moments)
            if not self._call("EVAL", self._commit_script, len(keys), *keys, *pairs):
                self._streams.note_odd(HASH, ["positions"])

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """See ``QueuePort``. ``at`` is kept in epoch milliseconds."""
        rows = [
            (letter.entry, letter.reason, len(fields), *fields)
            for letter in letters
            for fields in (letter_fields(letter),)
        ]
        if rows:
            words = chain.from_iterable(rows)
            if not self._call("EVAL", self._bury_script, 2, self._dead, self._buried, self._dead_length, *words):
                self._streams.note_odd("zset", ["buried"])

    def buried(self, reason: str) -> frozenset[str]:
        """See ``QueuePort``. There are at most as many names as letters."""
        names = (name.decode(errors="replace") for name in self._call("ZRANGE", self._buried, 0, -1))
        parts = (name.partition(" ") for name in names)
        return frozenset(entry for entry, _, why in parts if why == reason and is_offset(entry))

    def dead_letters(self, after: str, count: int) -> list[DeadLetter]:
        """See ``QueuePort``."""
        reply = self._call("XRANGE", self._dead, f"({after}", "+", "COUNT", count)
        return [_dead_letter(entry_id, fields) for entry_id, fields in reply]

    def requeue(self, letter_id: str) -> bool:
        """See ``QueuePort``. A letter never changes, so it may be read before the script runs.

        A message that was signed well at its time is signed again, because the old time may be over.
        """
        reply = self._call("XRANGE", self._dead, letter_id, letter_id)
        if not reply:
            return False
        raw = self._signer.sign_again(_dead_letter(*reply[0]).raw)
        name = maybe_name_in(raw) or b""
        keys = (self._list, self._dead, *self._names, self._bus)
        return bool(self._call("EVAL", self._requeue_script, len(keys), *keys, letter_id, name, self._name_ms, raw))

    def work(self, stream: str) -> RedisStreamQueue[DeadLetter]:
        """See ``WorkQueue``."""
        redis = RedisCommands(self._client, self.name)
        return RedisStreamQueue(redis, redis.key_of(stream), self._dead, WorkForm(), dead_length=self._dead_length)

    def memory(self) -> Memory:
        """See ``QueuePort``. Redis reports it in INFO."""
        commands = [("INFO", "memory"), ("GET", self._bus_total), ("LINDEX", self._marks, 0)]
        info, *numbers = self._redis.call_together(commands)
        total, before = map(_maybe_number, numbers)
        bus = 0 if total is None or before is None else total - before
        return Memory(info["used_memory"], info.get("maxmemory", 0), str(info.get("maxmemory_policy", "")), bus)

    def trim(self, keep: int, seconds: float, lost_age: float = 0.0) -> Trimmed:
        """See ``QueuePort``."""
        keys = (self._moments, self._bus, self._bus_total, self._marks, self._committed, self._lost)
        numbers = (keep, round(seconds * 1000), self._key_of(""), round(lost_age * 1000))
        return Trimmed(*self._call("EVAL", self._trim_script, len(keys), *keys, *numbers))

    def largest(self, count: int) -> list[tuple[str, int]]:
        """See ``QueuePort``. Looks at the queue's own few keys, and at a thousand or two of the others."""
        names = {self._list, *self._redis.kinds}
        place = 0
        for _ in range(SCANS):
            place, found = self._call("SCAN", place, "MATCH", f"{_escaped(self._key_of(''))}*", "COUNT", SCAN_COUNT)
            names.update(name.decode(errors="backslashreplace") for name in found[:SCAN_COUNT])
            if not int(place):
                break
        usages = [("MEMORY", "USAGE", name, "SAMPLES", USAGE_SAMPLES) for name in sorted(names)]
        sizes = zip(sorted(names), self._redis.call_together(usages), strict=True)
        return sorted(((name, size) for name, size in sizes if size), key=lambda pair: -pair[1])[:count]

    def close(self) -> None:
        """See ``QueuePort``."""
        self._redis.close()

    def _aside_key(self, name: str) -> str:
        return f"{self._aside}:{name}"


def _escaped(text: str) -> str:
    """Return a pattern of Redis that matches ``text`` alone."""
    return "".join(f"\\{char}" if char in "*?[]\\^" else char for char in text)


def _dead_letter(entry_id: bytes, fields: list[bytes]) -> DeadLetter:
    texts = dict(zip(fields[::2], fields[1::2], strict=True))
    reason, detail, src = (texts.get(name, b"").decode(errors="replace") for name in (b"reason", b"detail", b"src"))
    at, size = int(texts.get(b"at", 0)) / 1000, int(texts.get(b"bytes", 0))
    sha256 = texts.get(b"sha256", b"").decode(errors="replace")
    return DeadLetter(texts.get(b"raw", b""), reason, detail, src, at, entry_id.decode(), bytes=size, sha256=sha256)


def _maybe_number(reply: bytes | None) -> int | None:
    """Return the last word of a note as a number; None if the note holds something else."""
    word = (reply or b"").rpartition(b" ")[2]
    return int(word) if word.isdigit() else None
