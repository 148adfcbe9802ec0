"""PooledConnection: one connection to Redis, on which commands leave and replies arrive.

redis-py opens it, in the way that the URL says, and says the first words. From then on hiredis packs and parses,
right on the socket: redis-py's own layers take several times as long as Redis and the network.
"""

import select
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import hiredis
import redis
from redis.connection import DefaultParser
from redis.exceptions import InvalidResponse

from tcelib.redis.redis_address import Place

READ_SIZE = 65_536
ONE_WRITE = 65_536  # bytes up to which a copy is cheaper than another system call
_NOT_YET = object()


class PooledConnection:
    """``connection`` is redis-py's. ``find`` says where it leads to; None is what ``connection`` itself knows.
    ``drops`` and ``greeted_at`` are notes of its pool.

    Every call may raise ``redis.RedisError`` and ``OSError``. These, and any other exception that ends a wait, close
    the connection: nobody gets a reply that another one has waited for.
    """

    __slots__ = (
        "_buffer",
        "_connection",
        "_find",
        "_pending",
        "_place",
        "_poll",
        "_reader",
        "_sock",
        "drops",
        "greeted_at",
    )

    def __init__(self, connection: Any, find: Callable[[], Place | None]) -> None:
        self._connection = connection
        self._find = find
        self._place: Place | None = None
        self._sock: Any = None
        self._reader: Any = None
        self._poll = select.poll()
        self._pending: Callable[[], int] | None = None  # bytes that TLS has decrypted and nobody has read
        self._buffer = bytearray(READ_SIZE)
        self.drops = 0
        self.greeted_at = 0.0

    def __del__(self) -> None:
        # Of a client that nobody has closed. The socket may be finalized before redis-py's connection, which would
        # close it, but never before this object.
        with suppress(Exception):
            self.close()

    @property
    def is_good(self) -> bool:
        """True if it is open, and its server has neither closed it nor said something unasked."""
        sock = self._sock
        if sock is None or self._connection._sock is not sock:
            return False
        return not (self._poll.poll(0) or self._reader.has_data() or (self._pending is not None and self._pending()))

    @property
    def descriptor(self) -> int:
        """Number of its socket; -1 if it is closed."""
        sock = self._connection._sock
        return -1 if sock is None else int(sock.fileno())

    def leads_elsewhere(self) -> bool:
        """Return True if it leads to another server than it should by now."""
        return self._place != self._find()

    def open(self) -> None:
        """Open it anew."""
        self.close()
        self._place = place = self._find()
        if place is not None:
            self._connection.host, self._connection.port = place
        self._connection.connect()
        self._sock = sock = self._connection._sock
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._pending = getattr(sock, "pending", None)
        self._reader = hiredis.Reader(
            protocolError=InvalidResponse, replyError=DefaultParser.parse_error, notEnoughData=_NOT_YET
        )

    def greet(self, greet: Callable[[Any], object]) -> None:
        """Let ``greet`` talk with the server, on redis-py's connection."""
        greet(self._connection)

    def close(self) -> None:
        """Close it, whoever waits on it."""
        sock, self._sock = self._sock, None
        self._reader = self._pending = None
        self._connection.disconnect()
        if sock is not None:
            sock.close()  # redis-py's connection may have let go of it, if both are collected

    def ask(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Send commands and return their replies: ``send``, then ``receive``."""
        self.send(commands)
        return self.receive(len(commands))

    def send(self, commands: Sequence[Sequence[Any]]) -> None:
        """Send commands, in one write if they are short. Their replies must be received before more is sent."""
        packed = [_packed(command) for command in commands]
        if self._sock is None:
            self.open()
        sock = self._sock
        try:
            if len(packed) > 1 and sum(map(len, packed)) <= ONE_WRITE:
                packed = [b"".join(packed)]
            for data in packed:
                sent = sock.send(data)
                if sent < len(data):
                    sock.sendall(memoryview(data)[sent:])
        except BaseException:
            self.close()
            raise

    def receive(self, count: int) -> list[Any]:
        """Return the replies to ``count`` commands. A refusal is a reply, too.

        So is an answer about the connection, like LOADING, but it closes the connection. Behind a reply that was good
        it must not look as if nothing had been done.
        """
        sock, reader = self._sock, self._reader
        if sock is None:
            raise redis.ConnectionError("Connection closed before the reply.")
        try:
            replies = [self._reply(sock, reader) for _ in range(count)]
        except BaseException:
            self.close()
            raise
        for reply in replies:
            if isinstance(reply, redis.ConnectionError):
                self.close()
        return replies

    def _reply(self, sock: Any, reader: Any) -> Any:
        while (reply := reader.gets()) is _NOT_YET:
            size = sock.recv_into(self._buffer)
            if not size:
                raise redis.ConnectionError("Connection closed by server.")
            reader.feed(self._buffer, 0, size)
        return reply


def _packed(command: Sequence[Any]) -> bytes:
    """Return a command as bytes. A name of two words may be one text. Raises ``redis.DataError``."""
    name = command[0]
    words = (*name.split(), *command[1:]) if " " in name else tuple(command)
    try:
        packed: bytes = hiredis.pack_command(words)
    except TypeError as error:
        if not any(isinstance(word, bytearray) for word in words):
            raise redis.DataError(str(error)) from error
        return _packed([bytes(word) if isinstance(word, bytearray) else word for word in words])
    return packed
