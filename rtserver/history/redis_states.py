"""RedisStates: the states and the newest ticks of quotes in Redis, saved together with their bars.

history:state:<quote>   hash: stamp, seq, state
history:ticks:<quote>   list: portions of ticks, each element beginning with the number of ticks before it
history:begun           string: there, once a position was passed on
kept:history            the position, a cursor of the queue: the intake never trims what lies behind it
"""

import logging
import struct
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from typing import Any, Protocol

from rtserver.base.queue.port import START, Kept, order_of
from rtserver.base.queue.redis_entry import load_script as load_queue_script
from rtserver.history.port import QuoteState, StateChange
from rtserver.history.redis_history import WRONG_KIND, RedisHistory
from tcelib.redis.key_kind import WRONG_KIND as WRONG_KIND_ERROR
from tcelib.redis.script import load_script

CURSOR = "history"
WORDS = 3
"""Words of a script's answer for each group of bars."""
_LENGTH = struct.Struct(">I")

log = logging.getLogger(__name__)


class Cursors(Protocol):
    """The cursors of a queue; see ``QueuePort``."""

    def begin_keeping(self, cursor: str) -> str:
        """Return where the cursor stands, and keep on the bus what comes behind it."""

    def kept_until(self, cursor: str) -> str:
        """Return where the cursor stands."""

    def keep(self, cursor: str, until: str, entries: Sequence[Kept]) -> int:
        """Move the cursor on."""


class RedisStates:
    """See ``QuoteStates``. ``history`` has the bars, ``cursors`` are those of the same queue."""

    def __init__(self, history: RedisHistory, cursors: Cursors) -> None:
        self._history = history
        self._redis = history.redis
        self._cursors = cursors
        self._is_begun = False
        self._save_script = load_queue_script("oom.lua", "place.lua") + load_script(
            "rtserver.history", "add.lua", "save.lua"
        )
        self._drop_script = load_script("rtserver.history", "add.lua", "drop.lua")

    def begin(self) -> str:
        """See ``QuoteStates``. The cursor of a queue that never had one begins at the end of the bus."""
        position = self._cursors.begin_keeping(CURSOR)
        return position if self._redis.call("EXISTS", self._redis.key_of("history:begun")) else START

    def pass_on(self, until: str) -> None:
        """See ``QuoteStates``."""
        if not self._is_begun:
            self._redis.call("SET", self._redis.key_of("history:begun"), 1)
            self._is_begun = True
        self._cursors.keep(CURSOR, until, ())

    def stored_until(self) -> str:
        """See ``QuoteStates``."""
        return self._cursors.kept_until(CURSOR)

    def save(self, changes: Sequence[StateChange]) -> list[int]:
        """See ``QuoteStates``. One script for each quote, all in one write."""
        commands = [("EVAL", self._save_script, *self._command(change)) for change in changes]
        answers = self._redis.call_together(commands)
        return [self._stored(change, answer) for change, answer in zip(changes, answers, strict=True)]

    def load(self, quotes: Collection[str]) -> dict[str, QuoteState]:
        """See ``QuoteStates``."""
        if not quotes:
            return {}
        commands = [("HMGET", self._key("state", quote), "stamp", "seq", "state") for quote in quotes]
        answers = self._redis.call_together(commands, tolerated=WRONG_KIND_ERROR)
        states = {}
        for quote, answer in zip(quotes, answers, strict=True):
            if _is_refused(answer):
                self._history.odd.note(self._key("state", quote), "hash")
            elif None not in answer:
                try:
                    states[quote] = _state_of(*answer)
                except ValueError as error:
                    log.error("! %s holds no state, the quote begins anew: %s", self._key("state", quote), error)
        return states

    def drop(self, quote: str, stamp: str) -> bool:
        """See ``QuoteStates``."""
        keys = [self._key("state", quote), self._key("ticks", quote), self._redis.key_of("history:quotes")]
        return bool(self._redis.run_script(self._drop_script, keys, stamp, quote))

    def ticks(self, quote: str) -> list[bytes]:
        """See ``QuoteStates``."""
        elements = self._redis.call_together(
            [("LRANGE", self._key("ticks", quote), 0, -1)], tolerated=WRONG_KIND_ERROR
        )[0]
        if _is_refused(elements):
            self._history.odd.note(self._key("ticks", quote), "list")
            return []
        try:
            return list(chain.from_iterable(map(_portions_in, elements)))
        except (ValueError, struct.error) as error:
            log.error("! %s holds no ticks: %s", self._key("ticks", quote), error)
            return []

    def _command(self, change: StateChange) -> Iterator[object]:
        quote = change.quote
        yield 3
        yield from (self._key("state", quote), self._key("ticks", quote), self._redis.key_of("history:quotes"))
        ticks = _LENGTH.pack(len(change.ticks)) + change.ticks if change.ticks else b""
        yield from (self._redis.key_of(""), quote, change.stamp, change.seq, change.state, change.after, ticks)
        yield change.most_ticks
        yield from self._history.words_of(quote, change.bars.items())

    def _stored(self, change: StateChange, answer: Sequence[Any]) -> int:
        seq, *counts = answer
        if seq == WRONG_KIND:
            self._history.odd.note(counts[0])
        else:
            if len(counts) % WORDS:
                self._history.odd.note(counts.pop(), "set")
            self._history.compact(change.quote, counts)
        return int(seq)

    def _key(self, kind: str, quote: str) -> str:
        return self._redis.key_of(f"history:{kind}:{quote}")


def _is_refused(answer: object) -> bool:
    return isinstance(answer, Exception)


def _state_of(stamp: bytes, seq: bytes, state: bytes) -> QuoteState:
    """Return a state. Raises ``ValueError``."""
    found = QuoteState(stamp.decode(), int(seq), state)
    order_of(found.stamp)
    return found


def _portions_in(element: bytes) -> Iterator[bytes]:
    place = element.index(b"\n") + 1
    while place < len(element):
        (length,) = _LENGTH.unpack_from(element, place)
        place += _LENGTH.size
        yield element[place : place + length]
        place += length
