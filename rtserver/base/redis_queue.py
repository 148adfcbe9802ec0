"""The queue in Redis: a list for producers, a stream for workers, a stream of dead letters.

Decides where a message is at any moment. A crash anywhere leaves it in exactly one place and in order: on the list,
on the intake list between the blocking pop and the bus, or on the bus. All keys share one hash tag, so that a Redis
Cluster keeps them together. Needs Redis 6.2.

Knows nothing of threads and event loops: the client that it is given brings its sockets with it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from rtserver.base.queue_port import (
    START,
    Bound,
    DeadLetter,
    Entry,
    Kept,
    KeptRange,
    Moved,
    QueueAwayError,
    QueueError,
    QueueRefusedError,
    order_of,
)

DEFAULT_NAME = "queue:rtserver"
SOCKET_SECONDS = 5.0
KEEP_CHUNK = 500  # entries that one script appends: some milliseconds in which Redis does nothing else


def client_options() -> dict[str, Any]:
    """The options that a queue's client needs, for plain sockets and gevent's alike.

    redis-py must not repeat a command by itself: after a broken connection an RPUSH may have been done already, and
    its pauses would stop a whole gevent hub. RESP2, because version 3 adds a round trip to every connect.
    """
    return {
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": SOCKET_SECONDS,
        "socket_connect_timeout": SOCKET_SECONDS,
        "decode_responses": False,
    }


def plain_client(url: str) -> redis.Redis:
    """A client on ordinary blocking sockets, for producers, commands and tests."""
    return redis.Redis.from_url(url, **client_options())


class RedisQueue:
    """One queue, by the name of its list. May be shared by greenlets or threads: each call takes its own connection.

    ``batch`` bounds what one intake moves; the bus keeps about ``bus_length`` entries, and ``dead_length`` of the
    dead letters stay.
    """

    def __init__(
        self,
        client: redis.Redis,
        name: str = DEFAULT_NAME,
        *,
        batch: int = 500,
        bus_length: int = 100_000,
        dead_length: int = 10_000,
    ) -> None:
        self._client = client
        self._list, self._intake = name, f"{{{name}}}:intake"
        self._bus, self._dead = f"{{{name}}}:bus", f"{{{name}}}:dead"
        self._positions = f"{{{name}}}:positions"
        self._batch, self._bus_length, self._dead_length = batch, bus_length, dead_length
        self._intake_script = _load_script("intake.lua")
        self._requeue_script = _load_script("requeue.lua")
        self._keep_script = _load_script("keep.lua")
        self._positions_script = _load_script("positions.lua")
        self.name = name
        self.address = _address_of(client)
        # A blocking command has to end well before its socket counts as dead; a URL may set the socket's timeout.
        self._longest_wait = 0.6 * (client.connection_pool.connection_kwargs.get("socket_timeout") or SOCKET_SECONDS)
        # redis-py would make a dict of every entry; at this rate that is the reader's largest cost.
        for command in ("XREAD", "XRANGE", "XREVRANGE"):
            client.set_response_callback(command, _as_it_came)

    def put(self, raws: Sequence[bytes]) -> None:
        """See ``QueuePort``. One RPUSH."""
        if raws:
            self._call("RPUSH", self._list, *raws)

    def intake(self, timeout: float) -> Moved:
        """See ``QueuePort``. Leftovers of a worker that died in between are moved first.

        Both commands leave in one write: Redis goes from the pop to the script without a round trip in between.
        """
        wait = min(timeout, self._longest_wait)
        pop = ("BLMOVE", self._list, self._intake, "LEFT", "RIGHT", wait) if wait > 0 else ("PING",)
        keys = (self._list, self._intake, self._bus)
        move = ("EVAL", self._intake_script, len(keys), *keys, self._batch, self._bus_length)
        count, newest_id = self._call_together([pop, move])[-1]
        return Moved(count, newest_id.decode())

    def read(self, after: str, count: int, timeout: float) -> list[Entry]:
        """See ``QueuePort``. XREAD, which waits in Redis."""
        block = ("BLOCK", max(1, int(min(timeout, self._longest_wait) * 1000))) if timeout > 0 else ()
        reply = self._call("XREAD", "COUNT", count, *block, "STREAMS", self._bus, after)
        return _entries(reply[0][1]) if reply else []

    def range(self, after: str, until: str, count: int) -> list[Entry]:
        """See ``QueuePort``."""
        return _entries(self._call("XRANGE", self._bus, f"({after}", until, "COUNT", count))

    def newest_id(self) -> str:
        """See ``QueuePort``."""
        newest = _entries(self._call("XREVRANGE", self._bus, "+", "-", "COUNT", 1))
        return newest[0].id if newest else START

    def waiting(self) -> int:
        """See ``QueuePort``."""
        return int(self._call("LLEN", self._list))

    def positions(self, worker: str, lanes: Sequence[str]) -> dict[str, str]:
        """See ``QueuePort``. A hash whose fields are ``<worker>/<lane>``."""
        if not lanes:
            return {}
        found = self._call("HMGET", self._positions, *(f"{worker}/{lane}" for lane in lanes))
        return {lane: value.decode() for lane, value in zip(lanes, found, strict=True) if value is not None}

    def save_positions(self, worker: str, positions: Mapping[str, str]) -> None:
        """See ``QueuePort``."""
        if positions:
            pairs = [text for lane, position in positions.items() for text in (f"{worker}/{lane}", position)]
            self._call("EVAL", self._positions_script, 2, self._positions, self._bus, *pairs)

    def bury(self, letters: Sequence[DeadLetter]) -> None:
        """See ``QueuePort``. ``at`` is kept in epoch milliseconds."""
        add = ("XADD", self._dead, "MAXLEN", "~", self._dead_length, "*")
        self._call_together([(*add, *_fields(letter)) for letter in letters])

    def dead_letters(self, after: str, count: int) -> list[DeadLetter]:
        """See ``QueuePort``."""
        reply = self._call("XRANGE", self._dead, f"({after}", "+", "COUNT", count)
        return [_dead_letter(entry_id, fields) for entry_id, fields in reply]

    def requeue(self, letter_id: str) -> bool:
        """See ``QueuePort``."""
        return bool(self._call("EVAL", self._requeue_script, 2, self._list, self._dead, letter_id))

    def keep(self, cursor: str, until: str, entries: Sequence[Kept], bound: Bound | None = None) -> int:
        """See ``QueuePort``. The cursor moves with the last chunk: a crash before repeats them all."""
        chunks = [entries[start : start + KEEP_CHUNK] for start in range(0, len(entries), KEEP_CHUNK)] or [()]
        behind = [START] * (len(chunks) - 1) + [until]
        return sum(self._keep_chunk(cursor, goal, chunk, bound) for goal, chunk in zip(behind, chunks, strict=True))

    def kept_until(self, cursor: str) -> str:
        """See ``QueuePort``."""
        entry_id: bytes | None = self._call("GET", self._key_of(f"kept:{cursor}"))
        return START if entry_id is None else entry_id.decode()

    def kept(self, streams: Sequence[str], after: str, until: str, count: int) -> list[KeptRange]:
        """See ``QueuePort``. One MULTI: between two commands an entry might be removed."""
        commands = [
            command
            for stream in streams
            for command in (
                ("XRANGE", self._key_of(stream), f"({after}", until, "COUNT", count),
                ("EXISTS", self._key_of(stream)),
                ("MGET", self._key_of(f"newest:{stream}"), self._key_of(f"trimmed:{stream}")),
            )
        ]
        replies = iter(self._call_together(commands, is_atomic=True))
        return [
            KeptRange(_entries(found), _is_whole(after, bool(exists), *told))
            for found, exists, told in zip(replies, replies, replies, strict=True)
        ]

    def close(self) -> None:
        """See ``QueuePort``."""
        self._client.close()

    def _keep_chunk(self, cursor: str, until: str, entries: Sequence[Kept], bound: Bound | None) -> int:
        streams = {stream: number for number, stream in enumerate(dict.fromkeys(kept.stream for kept in entries), 1)}
        # A message to many is sent to Redis once.
        messages = {raw: number for number, raw in enumerate(dict.fromkeys(kept.raw for kept in entries), 1)}
        keys = [self._key_of(name) for name in _keep_keys(cursor, streams)]
        places = [part for kept in entries for part in (streams[kept.stream], kept.id, messages[kept.raw])]
        bounds = bound or Bound(0, 0)
        numbers = (until, *bounds, len(messages))
        return int(self._call("EVAL", self._keep_script, len(keys), *keys, *numbers, *messages, *places))

    def _key_of(self, name: str) -> str:
        return f"{{{self.name}}}:{name}"

    def _call(self, *command: Any) -> Any:
        try:
            return self._client.execute_command(*command)  # type: ignore[no-untyped-call]
        except (redis.RedisError, OSError) as error:
            raise self._as_ours(error) from error

    def _call_together(self, commands: Sequence[Sequence[Any]], *, is_atomic: bool = False) -> list[Any]:
        """Several commands in one write; their replies."""
        try:
            with self._client.pipeline(transaction=is_atomic) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
                replies: list[Any] = pipeline.execute()
                return replies
        except (redis.RedisError, OSError) as error:
            raise self._as_ours(error) from error

    def _as_ours(self, error: Exception) -> QueueError:
        # A pipeline's error quotes its command first, and with it our whole script.
        reason = str(error).rpartition(" of pipeline caused error: ")[2] or type(error).__name__
        if isinstance(error, redis.ConnectionError | redis.TimeoutError | OSError):
            return QueueAwayError(self.address, reason)
        return QueueRefusedError(self.address, reason)


def _load_script(name: str) -> str:
    return (files("rtserver.base") / "lua" / name).read_text()


def _as_it_came(reply: Any, **_options: Any) -> Any:
    return reply


def _entries(reply: Sequence[tuple[bytes, list[bytes]]]) -> list[Entry]:
    return [Entry(entry_id.decode(), fields[1]) for entry_id, fields in reply]


def _keep_keys(cursor: str, streams: Collection[str]) -> Iterator[str]:
    yield f"kept:{cursor}"
    yield from streams
    yield from (f"newest:{stream}" for stream in streams)
    yield from (f"trimmed:{stream}" for stream in streams)


def _is_whole(after: str, exists: bool, newest_id: bytes | None, trimmed_id: bytes | None) -> bool:
    """Whether nothing behind ``after`` is gone; a stream that has expired took all of it along."""
    gone = trimmed_id if exists else newest_id
    return gone is None or order_of(gone.decode()) <= order_of(after)


def _fields(letter: DeadLetter) -> tuple[str | bytes | int, ...]:
    texts = ("reason", letter.reason, "detail", letter.detail, "src", letter.src)
    return (*texts, "raw", letter.raw, "at", int(letter.at * 1000))


def _dead_letter(entry_id: bytes, fields: list[bytes]) -> DeadLetter:
    texts = dict(zip(fields[::2], fields[1::2], strict=True))
    reason, detail, src = (texts.get(name, b"").decode(errors="replace") for name in (b"reason", b"detail", b"src"))
    return DeadLetter(texts.get(b"raw", b""), reason, detail, src, int(texts.get(b"at", 0)) / 1000, entry_id.decode())


def _address_of(client: redis.Redis) -> str:
    """Where the client connects to, without its password."""
    options = client.connection_pool.connection_kwargs
    if "path" in options:
        return f"unix://{options['path']}"
    is_tls = issubclass(client.connection_pool.connection_class, redis.SSLConnection)
    host, port = options.get("host", "localhost"), options.get("port", 6379)
    return f"{'rediss' if is_tls else 'redis'}://{host}:{port}/{options.get('db') or 0}"
