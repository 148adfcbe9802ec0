"""The one place that opens connections to Redis, for tcelib, for rtserver and for programs beside them.

Decides which connection a command gets, what an error means for all of them, and when the primary is asked for anew.
A connection belongs to a role. Its server proves now and then that it fits the role. No other module opens one.
Knows no key, and no way to wait: how a socket is opened is passed in.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tcelib.fork import drop_descriptor, forget_in_children
from tcelib.redis.redis_error import RedisCallError, Trouble, classify
from tcelib.redis.redis_password import FilePassword, split_password_file
from tcelib.redis.script import UNKNOWN_SCRIPT, digest_of

SOCKET_SECONDS = 5.0
LOG_SECONDS = 60.0
GREETING_SECONDS = 5.0
"""So long a primary that has become a replica may go on answering a program that only reads."""
PLAIN: Mapping[str, type[Any]] = {
    "redis": redis.Connection,
    "rediss": redis.SSLConnection,
    "unix": redis.UnixDomainSocketConnection,
}
"""Ordinary blocking sockets, by the scheme of the URL."""
# redis-py would make a dict of every entry; at this rate that is the reader's largest cost.
_AS_THEY_COME = ("XREAD", "XREADGROUP", "XRANGE", "XREVRANGE", "XPENDING")
_REPLICA = (b"replica", b"slave")

T = TypeVar("T")
log = logging.getLogger(__name__)


class Role(Enum):
    """Purpose of a connection. Each role has connections of its own."""

    COMMANDS = "commands"
    """Commands that Redis answers at once."""
    BLOCKING = "blocking"
    """Commands that wait in Redis."""
    PUBLISHING = "publishing"
    """What producers push."""
    INSPECTION = "inspection"
    """Questions about the server itself, whatever it is: the only role that a replica may serve."""


class RedisClient:
    """Connections to one Redis. May be shared by greenlets, or by threads: each call takes a connection of its own.

    ``kinds`` are the connection classes by the URL's scheme. ``address`` is fit for a log; ``patience`` is how many
    seconds a socket waits for an answer, so a blocking command has to end well before.

    Raises ``ValueError`` for a URL that is none of Redis. Connects with the first call. Every call may raise
    ``RedisCallError``.
    """

    def __init__(self, url: str, kinds: Mapping[str, type[Any]] = PLAIN) -> None:
        scheme = urlsplit(url).scheme
        if scheme not in kinds:
            raise ValueError(f"a Redis URL begins with redis://, rediss:// or unix://, not with {scheme!r}")
        url, credentials = split_password_file(url)
        self._pools = {role: _open_pool(url, kinds[scheme], role, credentials) for role in Role}
        self._clients = {role: _client_of(pool) for role, pool in self._pools.items()}
        self.address = _address_of(scheme, self._pools[Role.COMMANDS].connection_kwargs)
        options = self._pools[Role.COMMANDS].connection_kwargs
        self.patience = float(options.get("socket_timeout") or SOCKET_SECONDS)
        self._told_at = float("-inf")
        forget_in_children(self)

    def forget(self) -> None:
        """See ``tcelib.fork``: a child's calls open connections of their own."""
        for pool in self._pools.values():
            pool.forget()

    def call(self, *command: Any, role: Role = Role.COMMANDS) -> Any:
        """The reply to one command, as redis-py reads it; those about streams as they come."""
        client = self._clients[role]
        return self._do(lambda: client.execute_command(*command))  # type: ignore[no-untyped-call]

    def run_script(self, script: str, keys: Sequence[str], *arguments: Any, role: Role = Role.COMMANDS) -> Any:
        """Run a script by its digest. Send its text only to a Redis that does not know it: parsing takes 10 µs."""
        words = (len(keys), *keys, *arguments)
        try:
            return self.call("EVALSHA", digest_of(script), *words, role=role)
        except RedisCallError as error:
            if UNKNOWN_SCRIPT not in error.reason:
                raise
        return self.call("EVAL", script, *words, role=role)

    def call_together(
        self,
        commands: Sequence[Sequence[Any]],
        *,
        is_atomic: bool = False,
        role: Role = Role.COMMANDS,
        tolerated: str = "",
    ) -> list[Any]:
        """Several commands in one write; their replies. Those behind one that is refused are done all the same.

        A refusal with the text ``tolerated`` in it is no error, but the reply.
        """
        return self._do(lambda: self._send_together(commands, is_atomic, role, tolerated))

    @contextmanager
    def hold(self, role: Role) -> Iterator[Callable[..., Any]]:
        """One connection for a while: gives a function like ``call``. Nothing is repeated on it."""
        with self._do(self._clients[role].client) as client:

            def call(*command: Any) -> Any:
                try:
                    return client.execute_command(*command)
                except (redis.RedisError, OSError) as error:
                    raise self._settle(error) from error

            yield call

    def reset(self) -> None:
        """Close all connections, those in use when they come back: calls from now on ask for the primary anew."""
        for pool in self._pools.values():
            pool.drop()

    def close(self) -> None:
        """Close all connections. A later call opens a new one."""
        for pool in self._pools.values():
            pool.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _do(self, attempt: Callable[[], T]) -> T:
        """Do it, and once more where a server that is no primary did nothing: there may be another one by now."""
        try:
            return attempt()
        except (redis.RedisError, OSError) as error:
            failure = self._settle(error)
            if failure.trouble is not Trouble.ROLE_CHANGED or isinstance(error, _PartlyDone):
                raise failure from error
        try:
            return attempt()
        except (redis.RedisError, OSError) as error:
            raise self._settle(error) from error

    def _send_together(
        self, commands: Sequence[Sequence[Any]], is_atomic: bool, role: Role, tolerated: str
    ) -> list[Any]:
        with self._clients[role].pipeline(transaction=is_atomic) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
            replies: list[Any] = pipeline.execute(raise_on_error=False)
        errors = [reply for reply in replies if isinstance(reply, redis.RedisError) and not _is_in(tolerated, reply)]
        if not errors:
            return replies
        raise errors[0] if len(errors) == len(replies) else _PartlyDone(errors[0])

    def _settle(self, error: Exception) -> RedisCallError:
        """Return the error for the caller, after the connections have been seen to."""
        trouble, reason = classify(error.error if isinstance(error, _PartlyDone) else error)
        if trouble.needs_reset:
            self.reset()
        if trouble is Trouble.ROLE_CHANGED:
            self._tell(reason)
        return RedisCallError(self.address, reason, trouble)

    def _tell(self, reason: str) -> None:
        now = time.monotonic()
        if now - self._told_at >= LOG_SECONDS:
            self._told_at = now
            log.warning("! %s is not the primary: %s; all connections are opened anew", self.address, reason)


class _PartlyDone(redis.RedisError):
    """One of several commands was refused and others were done, so they must not be repeated."""

    def __init__(self, error: redis.RedisError) -> None:
        super().__init__(str(error))
        self.error = error


class _RolePool(redis.ConnectionPool):
    """The connections of one role. Those that were taken before ``drop`` are closed when they come back.

    ``greet`` is called with a new connection, and again with one that was greeted a while ago.
    """

    def __init__(self, *, greet: Callable[[Any], object], **options: Any) -> None:
        self._greet = greet
        self._drops = 0
        self._taken: dict[Any, int] = {}
        self._greeted_at: dict[Any, float] = {}
        super().__init__(**options)

    def get_connection(self, *_command: Any, **_options: Any) -> Any:
        """See ``redis.ConnectionPool``."""
        drops = self._drops  # as they were before it was chosen
        connection = super().get_connection()
        self._taken[connection] = drops
        try:
            self._greet_again(connection)
        except BaseException:
            connection.disconnect()  # type: ignore[no-untyped-call]
            self.release(connection)
            raise
        return connection

    def _greet_again(self, connection: Any) -> None:
        now = time.monotonic()
        if now - self._greeted_at.setdefault(connection, now) >= GREETING_SECONDS:
            self._greet(connection)
            self._greeted_at[connection] = now

    def release(self, connection: Any) -> None:
        """See ``redis.ConnectionPool``."""
        if self._taken.pop(connection, self._drops) != self._drops:
            connection.disconnect()
        super().release(connection)

    def forget(self) -> None:
        """Let go of the parent's sockets. The next command of this process begins with no connection (redis-py)."""
        for connection in (*self._available_connections, *self._in_use_connections):
            if connection._sock is not None:
                drop_descriptor(connection._sock.fileno())
        self._taken.clear()
        self._greeted_at.clear()

    def drop(self) -> None:
        """Close the idle ones now, the others later."""
        self._drops += 1
        self.disconnect(inuse_connections=False)


def plain_client(url: str) -> RedisClient:
    """A client on ordinary blocking sockets, for producers, commands and tests."""
    return RedisClient(url)


def check_url(url: str) -> None:
    """Raises ``ValueError`` if no client could be made for it: a port that is no number, and the like."""
    redis.ConnectionPool.from_url(url)


def _open_pool(url: str, kind: type[Any], role: Role, credentials: FilePassword | None) -> _RolePool:
    """The connections of one role.

    redis-py must not repeat a command by itself: after a broken connection an RPUSH may have been done already, and
    its pauses would stop a whole gevent hub. RESP2: what is read of streams is read in its shape.
    """
    greet = _ask_nothing if role is Role.INSPECTION else _ask_for_primary
    pool: _RolePool = _RolePool.from_url(
        url,
        connection_class=kind,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        decode_responses=False,
        redis_connect_func=partial(_begin, greet=greet),
        greet=greet,
        credential_provider=credentials,
    )
    return pool


def _client_of(pool: _RolePool) -> redis.Redis:
    client = redis.Redis(connection_pool=pool)
    for command in _AS_THEY_COME:
        client.set_response_callback(command, _as_it_came)
    return client


def _begin(connection: Any, greet: Callable[[Any], object]) -> None:
    connection.on_connect()
    greet(connection)


def _ask_nothing(connection: Any) -> None:
    """Any server will do."""


def _ask_for_primary(connection: Any) -> None:
    """Ask the server what it is: a replica answers reads as a primary does, and may have been left behind.

    HELLO and not ROLE, which few users may say. A server that does not know it is taken for a primary.
    """
    connection.send_command("HELLO", check_health=False)
    try:
        reply = connection.read_response()
    except redis.AuthenticationError as error:
        raise redis.AuthenticationError("NOAUTH Authentication required.") from error  # and not about HELLO
    except redis.ResponseError:
        return
    told = dict(zip(reply[::2], reply[1::2], strict=False))
    if told.get(b"role") in _REPLICA:
        raise redis.exceptions.ReadOnlyError("the server at this address is a replica")


def _is_in(text: str, error: Exception) -> bool:
    return bool(text) and text in str(error)


def _as_it_came(reply: Any, **_options: Any) -> Any:
    return reply


def _address_of(scheme: str, options: Mapping[str, Any]) -> str:
    """Return the address that the client connects to, without its password."""
    if "path" in options:
        return f"unix://{options['path']}"
    return f"{scheme}://{options.get('host', 'localhost')}:{options.get('port', 6379)}/{options.get('db') or 0}"
