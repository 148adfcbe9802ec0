"""RedisHistory: bars of quotes in Redis, as blocks by quote, base period and group.

    history:quotes                  set of "<base> <quote>", and "state <quote>" (``RedisStates``)
    history:blocks:<base>:<quote>   hash: a note for each group (``block_index``)
    history:block:<base>:<group>:<quote>   string: the blocks of a group
    history:cut                     set of "<base> <quote>" of which something was pruned

New bars go to the end of their group's bytes, whatever is there; groups of many blocks are made one block again. So a
write costs one script and reads nothing. A read fetches only the groups that it needs, and of those only what has
changed since the last time.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any
from zlib import crc32

from rtserver.base.queue.redis_entry import load_script as load_queue_script
from rtserver.history.block_index import GroupNote, groups_of, read_index, write_note
from rtserver.history.byte_cache import ByteCache
from rtserver.history.group import by_group, label_of, part_of
from rtserver.history.odd_key import OddKeys
from rtserver.history.port import HistoryError, HistoryPart, HistoryRange, StoredInfo
from rtserver.market.bar_block import decode_bars, encode_bars, merged_bars
from rtserver.market.block_column import BlockError
from rtserver.market.market_bar import Bar
from tcelib.queue.redis_commands import RedisCommands
from tcelib.redis.key_kind import WRONG_KIND as WRONG_KIND_ERROR
from tcelib.redis.redis_connection import RedisClient
from tcelib.redis.script import load_script

CACHE_BYTES = 67_108_864
FETCHED = 8
"""Groups of one round trip, at most."""
FETCHED_ROWS = 2_000
"""Bars after which a round trip ends: some milliseconds of decoding, then other loops have their turn."""
MOST_BLOCKS = 32
"""Blocks of a group after which it is made one, up to twice as many: not all quotes are due in the same minute."""
BAR_BYTES = 400
"""Memory that a decoded bar takes, about."""
WRONG_KIND = -1


class RedisHistory:
    """See ``HistoryStore``. The bars of the queue called ``name``.

    ``cache`` holds decoded groups, ``odd`` names keys that hold something else. A group that cannot be read is a
    ``HistoryError``.
    """

    def __init__(self, client: RedisClient, name: str, *, cache_bytes: int = CACHE_BYTES) -> None:
        self.redis = RedisCommands(client, name)
        self.cache: ByteCache[tuple[bytes, list[Bar]]] = ByteCache(cache_bytes)
        self.odd = OddKeys(self.redis)
        self._prefix = self.redis.key_of("")
        parts = load_script("rtserver.history", "add.lua")
        self._write_script = load_queue_script("oom.lua") + parts + load_script("rtserver.history", "write.lua")
        self._compact_script = load_queue_script("oom.lua") + load_script("rtserver.history", "compact.lua")
        self._prune_script = parts + load_script("rtserver.history", "prune.lua")

    def read(self, wanted: HistoryRange) -> HistoryPart:
        """See ``HistorySource``."""
        notes, was_pruned = self._index(wanted.quote, wanted.base)
        needed = list(groups_of(notes, wanted))
        groups: list[list[Bar]] = []
        count = read = 0  # bars before the end of the range, groups
        while read < len(needed) and (wanted.limit is None or count < wanted.limit):
            some = _enough(needed[read : read + FETCHED], wanted, count)
            for found in self._fetch(wanted.quote, wanted.base, some):
                groups.append(found)
                count += len(found) if wanted.end_ms is None else _count_before(found, wanted.end_ms)
            read += len(some)
        if read:
            before: int | None = needed[read - 1].first
        else:
            before = wanted.end_ms if wanted.start_ms is None or wanted.limit == 0 else wanted.start_ms
        has_older = any(before is None or note.first < before for note in notes)
        bars = list(chain.from_iterable(reversed(groups)))
        return part_of(wanted, bars, has_older=has_older, was_pruned=was_pruned)

    def write(self, quote: str, base: str, bars: Sequence[Bar]) -> None:
        """See ``HistoryStore``. One script, and one for each group that is made one block."""
        words = self.words_of(quote, [(base, bars)])
        if not words:
            return
        keys = [self.redis.key_of("history:quotes")]
        counts = self.redis.run_script(self._write_script, keys, self._prefix, quote, *words)
        if counts[0] == WRONG_KIND:
            raise HistoryError(quote, base, f"{self.odd.note(counts[1])} holds something else")
        self.compact(quote, counts)

    def prune(self, quote: str, base: str, before_ms: int, *, stored_before_ms: int | None = None) -> int:
        """See ``HistoryStore``."""
        notes, _ = self._index(quote, base)
        old = [
            note.group
            for note in notes
            if note.last < before_ms and (stored_before_ms is None or note.stored_ms < stored_before_ms)
        ]
        if not old:
            return 0
        keys = [
            self._key("blocks", base, quote),
            self.redis.key_of("history:quotes"),
            self.redis.key_of("history:cut"),
        ]
        for group in old:
            self.cache.remove((quote, base, group))
        return int(self.redis.run_script(self._prune_script, keys, self._prefix, base, quote, before_ms, *old))

    def quotes(self) -> list[str]:
        """See ``HistoryStore``."""
        key = self.redis.key_of("history:quotes")
        [members] = self.redis.call_together([("SMEMBERS", key)], tolerated=WRONG_KIND_ERROR)
        if isinstance(members, Exception):
            self.odd.note(key, "set")
            return []
        return sorted({member.decode().partition(" ")[2] for member in members})

    def info(self, quote: str, base: str) -> StoredInfo | None:
        """See ``HistoryStore``. Reads the groups of more than one block, whose blocks may overlap."""
        notes, _ = self._index(quote, base)
        if not notes:
            return None
        sizes = self.redis.call_together([("STRLEN", self._block_key(quote, base, note.group)) for note in notes])
        several = [note for note in notes if note.blocks > 1]
        rows = sum(note.rows for note in notes if note.blocks == 1)
        for begin in range(0, len(several), FETCHED):
            rows += sum(map(len, self._fetch(quote, base, several[begin : begin + FETCHED])))
        return StoredInfo(quote, base, notes[0].first, max(note.last for note in notes), rows, sum(sizes))

    def close(self) -> None:
        """Close the connections."""
        self.redis.close()

    def words_of(self, quote: str, bars: Iterable[tuple[str, Sequence[Bar]]]) -> list[object]:
        """Return bars as the words that the scripts take (``add.lua``). Raises ``HistoryError``."""
        words: list[object] = []
        for base, some in bars:
            for group, added in by_group(quote, base, some).items():
                merged = merged_bars(added)
                first, last = label_of(merged[0]), label_of(merged[-1])
                words += (base, group, first, last, len(merged), encode_bars(merged))
        return words

    def compact(self, quote: str, counts: Sequence[Any]) -> None:
        """Make one block of each group that has many; ``counts`` is the answer of a script."""
        most = MOST_BLOCKS + crc32(quote.encode()) % MOST_BLOCKS
        for base, group, blocks in zip(counts[::3], counts[1::3], counts[2::3], strict=True):
            if int(blocks) > most:
                self._compact(quote, base.decode(), int(group))

    def _compact(self, quote: str, base: str, group: int) -> None:
        key = self._block_key(quote, base, group)
        data = self.redis.call("GET", key) or b""
        bars = self._decoded(quote, base, key, data)
        if bars:
            note = GroupNote(group, label_of(bars[0]), label_of(bars[-1]), len(bars), 1, b"")
            keys = [key, self._key("blocks", base, quote)]
            arguments = (group, len(data), write_note(note), encode_bars(bars))
            self.redis.run_script(self._compact_script, keys, *arguments)

    def _index(self, quote: str, base: str) -> tuple[list[GroupNote], bool]:
        """Return the notes of a quote's groups, and whether some were pruned."""
        key = self._key("blocks", base, quote)
        cut = self.redis.key_of("history:cut")
        commands = [("HGETALL", key), ("SISMEMBER", cut, f"{base} {quote}")]
        fields, was_pruned = self.redis.call_together(commands, tolerated=WRONG_KIND_ERROR)
        if isinstance(was_pruned, Exception):
            self.odd.note(cut, "set")
            was_pruned = False
        try:
            if isinstance(fields, Exception):
                raise ValueError(fields)
            return read_index(fields), bool(was_pruned)
        except ValueError as error:
            raise HistoryError(quote, base, f"{self.odd.note(key, 'hash')} cannot be read: {error}") from error

    def _fetch(self, quote: str, base: str, notes: Sequence[GroupNote]) -> list[list[Bar]]:
        """Return the bars of groups, in ascending order each."""
        cached = {note.group: self.cache.get((quote, base, note.group)) for note in notes}
        fresh = {group: found[1] for group, found in cached.items() if found is not None}
        stale = [note for note in notes if (found := cached[note.group]) is None or found[0] != note.revision]
        keys = [self._block_key(quote, base, note.group) for note in stale]
        # A key of another kind is None to MGET.
        blocks = self.redis.call("MGET", *keys) if keys else ()
        for note, key, data in zip(stale, keys, blocks, strict=True):
            bars = fresh[note.group] = self._decoded(quote, base, key, data or b"")
            self.cache.put((quote, base, note.group), (note.revision, bars), len(bars) * BAR_BYTES)
        return [fresh[note.group] for note in notes]

    def _decoded(self, quote: str, base: str, key: str, data: bytes) -> list[Bar]:
        try:
            bars = merged_bars(decode_bars(data))
            by_group(quote, base, bars)
        except (BlockError, TypeError) as error:
            raise HistoryError(quote, base, f"{key} cannot be read: {error}") from error
        return bars

    def _key(self, kind: str, base: str, quote: str) -> str:
        return self.redis.key_of(f"history:{kind}:{base}:{quote}")

    def _block_key(self, quote: str, base: str, group: int) -> str:
        return self.redis.key_of(f"history:block:{base}:{group}:{quote}")


def _enough(notes: Sequence[GroupNote], wanted: HistoryRange, count: int) -> list[GroupNote]:
    """Return the first groups of ``notes``, as many as should fill the range or a round trip."""
    some: list[GroupNote] = []
    rows = 0
    for note in notes:
        if rows >= FETCHED_ROWS:
            break
        some.append(note)
        rows += note.rows
        if wanted.end_ms is None or note.last < wanted.end_ms:
            count += note.rows
        if wanted.limit is not None and count >= wanted.limit:
            break
    return some


def _count_before(bars: Sequence[Bar], end_ms: int) -> int:
    return bisect_left(bars, end_ms, key=label_of)
