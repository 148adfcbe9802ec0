"""The one place that opens connections to Redis, for tcelib, for rtserver and for programs beside them.

Decides which connection a command gets, what an error means for all of them, and when the primary is asked for anew.
A connection belongs to a role. Its server proves now and then that it fits the role. No other module opens one.
A resolver says where connections lead to. Knows no key, and no way to wait: how a socket is opened is passed in.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import Enum
from functools import partial
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar
from weakref import WeakValueDictionary

import redis

from tcelib.fork import forget_in_children
from tcelib.redis.cluster import ClusterMap, SlotResolver, slot_of
from tcelib.redis.exchange import Command, begin, exchange, finish, transact
from tcelib.redis.panel import ANSWER_SECONDS, Panel
from tcelib.redis.pooled_connection import PooledConnection
from tcelib.redis.redis_address import Guide, Place, RedisAddress, at, read_address
from tcelib.redis.redis_error import RedisCallError, Trouble, classify
from tcelib.redis.redis_password import split_password_file
from tcelib.redis.resolver import Fixed, Resolver
from tcelib.redis.role_pool import SOCKET_SECONDS, NotOpenError, RolePool
from tcelib.redis.sentinel import SentinelResolver

LOG_SECONDS = 60.0
PLAIN: Mapping[str, type[Any]] = {
    "redis": redis.Connection,
    "rediss": redis.SSLConnection,
    "unix": redis.UnixDomainSocketConnection,
}
"""Ordinary blocking sockets, by the scheme of the URL."""
_REPLICA = (b"replica", b"slave")

T = TypeVar("T")
log = logging.getLogger(__name__)


class Role(Enum):
    """Purpose of a connection. Each role has connections of its own."""

    __hash__ = object.__hash__  # each command looks its pool up; an enumeration's own hash is Python

    COMMANDS = "commands"
    """Commands that Redis answers at once."""
    BLOCKING = "blocking"
    """Commands that wait in Redis."""
    PUBLISHING = "publishing"
    """Messages of producers."""
    FOLLOWING = "following"
    """Reads that may be older than the primary's: a replica may serve them."""
    INSPECTION = "inspection"
    """Questions about the server itself, whatever it is: a replica may serve them, too."""


class RedisClient:
    """Connections to one Redis. May be shared by greenlets, or by threads: each call takes a connection of its own.

    ``kinds`` are the connection classes by the scheme of the sockets. ``address`` is fit for a log; ``patience`` is
    how many seconds a socket waits for an answer, so a blocking command has to end well before. ``resolver`` says
    where connections lead to.

    Raises ``ValueError`` for a URL that is none of Redis. Connects with the first call. Every call may raise
    ``RedisCallError``.
    """

    def __init__(self, url: str, kinds: Mapping[str, type[Any]] = PLAIN, *, resolver: Resolver | None = None) -> None:
        address = read_address(url)
        kind = kinds[address.scheme]
        self.resolver: Resolver = resolver or _resolver_of(address, kind)
        self._open_beside = partial(RedisClient, url, kinds)
        self._by_slot: WeakValueDictionary[int, RedisClient] = WeakValueDictionary()
        self._place: Place | None = None
        self._has_led = False
        data_url, credentials = split_password_file(address.url)
        self._pools = {
            role: RolePool(data_url, kind, self._greeting_of(role, address.guide), credentials, find=self._find)
            for role in Role
        }
        options = self._pools[Role.COMMANDS].options
        self.address = address.shown or _address_of(address.scheme, options)
        self.patience = float(options.get("socket_timeout") or SOCKET_SECONDS)
        self._told_at = float("-inf")
        forget_in_children(self)

    def forget(self) -> None:
        """See ``tcelib.fork``: a child's calls open connections of their own."""
        for pool in self._pools.values():
            pool.forget()
        self.resolver.forget()

    @property
    def is_cluster(self) -> bool:
        """True if its address is that of a Redis Cluster."""
        return isinstance(self.resolver, SlotResolver)

    def at(self, key: str) -> "RedisClient":
        """Return the client for a key and all keys of its slot: in a Cluster one of its own, else this one."""
        if not isinstance(self.resolver, SlotResolver):
            return self
        slot = slot_of(key)
        found = self._by_slot.get(slot)
        if found is None:
            found = self._open_beside(resolver=SlotResolver(self.resolver.cluster, slot))
            found._by_slot = self._by_slot
            self._by_slot[slot] = found
        return found

    def place(self) -> Place | None:
        """Return where connections lead to now; None where only the URL says it."""
        return self._do(self._find)

    def call(self, *command: Any, role: Role = Role.COMMANDS) -> Any:
        """The reply to one command, as redis-py reads it; those about streams as they come."""
        return self._do(partial(self._send, self._pools[role], command))

    def run_script(self, script: str, keys: Sequence[str], *arguments: Any, role: Role = Role.COMMANDS) -> Any:
        """Run a script and return its reply."""
        return self.call("EVAL", script, len(keys), *keys, *arguments, role=role)

    def begin(self, *command: Any, role: Role = Role.COMMANDS) -> Callable[[], Any]:
        """Send a command, and return a function that waits for its reply and returns it, once, as ``call`` does.

        The function raises what the sending raises. If it is dropped instead, the connection is closed: the command
        may be done or not.
        """
        pool = self._pools[role]
        halves = _halves(pool, command)
        try:
            next(halves)
            first = partial(next, halves)
        except (redis.RedisError, OSError) as error:
            first = partial(_raise, error)
        attempts = iter((first, partial(self._send, pool, command)))

        def attempt() -> Any:
            do = next(attempts)
            return do()

        return partial(self._do, attempt)

    def begin_script(
        self, script: str, keys: Sequence[str], *arguments: Any, role: Role = Role.COMMANDS
    ) -> Callable[[], Any]:
        """Send a script, and return a function as ``begin`` does."""
        return self.begin("EVAL", script, len(keys), *keys, *arguments, role=role)

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
        send = transact if is_atomic else exchange
        return self._do(partial(self._send_together, self._pools[role], commands, send, tolerated))

    @contextmanager
    def hold(self, role: Role) -> Iterator[Callable[..., Any]]:
        """One connection for a while: gives a function like ``call``. Nothing is repeated on it."""
        pool = self._pools[role]
        connection = self._do(pool.take)
        try:

            def call(*command: Any) -> Any:
                try:
                    return _reply_on(connection, command)
                except (redis.RedisError, OSError) as error:
                    raise self._settle(error) from error

            yield call
        finally:
            pool.give_back(connection)

    def reset(self) -> None:
        """Close all connections, those in use when they come back: calls from now on ask for the primary anew."""
        self.resolver.doubt()
        self._drop()

    def close(self) -> None:
        """Close all connections, those to other slots too. A later call opens a new one."""
        for client in {self, *self._by_slot.values()}:
            for pool in client._pools.values():
                pool.disconnect()
        self.resolver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _drop(self) -> None:
        for pool in self._pools.values():
            pool.drop()

    def _find(self) -> Place | None:
        """Return where connections lead to now. Those that lead elsewhere are closed, although nothing was wrong."""
        place = self.resolver.find()
        if place != self._place:
            if self._place is not None:
                self._drop()
                log.info("= %s: the primary is %s now, no longer %s", self.address, place, self._place)
            self._place = place
        return place

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

    def _send(self, pool: RolePool, command: Command) -> Any:
        connection = pool.take()
        try:
            return _reply_on(connection, command)
        finally:
            pool.give_back(connection)

    def _send_together(
        self, pool: RolePool, commands: Sequence[Command], send: Callable[..., list[Any]], tolerated: str
    ) -> list[Any]:
        connection = pool.take()
        try:
            replies = send(connection, commands)
        finally:
            pool.give_back(connection)
        errors = [reply for reply in replies if isinstance(reply, redis.RedisError) and not _is_in(tolerated, reply)]
        if not errors:
            return replies
        raise errors[0] if len(errors) == len(replies) else _PartlyDone(errors[0])

    def _settle(self, error: Exception) -> RedisCallError:
        """Return the error for the caller, after the connections have been seen to."""
        cause = error.error if isinstance(error, _PartlyDone | NotOpenError) else error
        trouble, reason = classify(cause, in_cluster=self.is_cluster)
        if trouble.needs_reset:
            self.reset()
        if trouble is Trouble.ROLE_CHANGED and self._has_led:
            self._tell(reason)
        is_refusal = trouble is not Trouble.AWAY and not isinstance(error, _PartlyDone)
        is_certain = is_refusal or isinstance(error, NotOpenError)
        return RedisCallError(self.address, reason, trouble, is_certain=is_certain)

    def _greeting_of(self, role: Role, guide: Guide) -> Callable[[Any], None]:
        any_will_do = role in (Role.INSPECTION, Role.FOLLOWING)
        return _ask_nothing if any_will_do else partial(self._ask_for_primary, guide)

    def _ask_for_primary(self, guide: Guide, connection: Any) -> None:
        """Note that there was one: an address that never led to a primary is told by whoever asked for it."""
        _ask_for_primary(connection, guide)
        self._has_led = True

    def _tell(self, reason: str) -> None:
        now = time.monotonic()
        if now - self._told_at >= LOG_SECONDS:
            self._told_at = now
            log.warning("! %s leads to no primary: %s; all connections are opened anew", self.address, reason)


class _PartlyDone(redis.RedisError):
    """One of several commands was refused and others were done, so they must not be repeated."""

    def __init__(self, error: redis.RedisError) -> None:
        super().__init__(str(error))
        self.error = error


def plain_client(url: str) -> RedisClient:
    """A client on ordinary blocking sockets, for producers, commands and tests."""
    return RedisClient(url)


def check_url(url: str) -> None:
    """Raises ``ValueError`` if no client could be made for it: a port that is no number, and the like."""
    redis.ConnectionPool.from_url(read_address(url).url)


def _resolver_of(address: RedisAddress, kind: type[Any]) -> Resolver:
    if address.guide is Guide.NOBODY:
        return Fixed()
    url, credentials = split_password_file(address.seed_url)

    def open_pool(place: Place) -> RolePool:
        return RolePool(at(url, place), kind, _ask_nothing, credentials, find=_stay, patience=ANSWER_SECONDS)

    panel = Panel(address.seeds, open_pool)
    if address.guide is Guide.CLUSTER:
        return SlotResolver(ClusterMap(panel), slot_of(""))
    return SentinelResolver(address.service, panel)


def _reply_on(connection: PooledConnection, command: Command) -> Any:
    return _good(exchange(connection, (command,))[0])


def _halves(pool: RolePool, command: Command) -> Iterator[Any]:
    """Send a command and give None, then give its reply. Whoever drops it in between closes the connection."""
    connection = pool.take()
    try:
        begin(connection, (command,))
        yield None
        reply = finish(connection, (command,))[0]
    except GeneratorExit:
        connection.close()
        raise
    finally:
        pool.give_back(connection)
    yield _good(reply)


def _good(reply: Any) -> Any:
    if isinstance(reply, redis.RedisError):
        raise reply
    return reply


def _raise(error: Exception) -> NoReturn:
    raise error


def _stay() -> None:
    """Say that a connection leads to where its URL says."""


def _ask_nothing(connection: Any) -> None:
    """Any server will do."""


def _ask_for_primary(connection: Any, guide: Guide) -> None:
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
        place = "the server at this address"
        if guide is not Guide.NOBODY:
            place = f"{connection.host}:{connection.port}, which {guide.value} name,"
        raise redis.exceptions.ReadOnlyError(f"{place} is a replica")


def _is_in(text: str, error: Exception) -> bool:
    return bool(text) and text in str(error)


def _address_of(scheme: str, options: Mapping[str, Any]) -> str:
    """Return the address that the client connects to, without its password."""
    if "path" in options:
        return f"unix://{options['path']}"
    return f"{scheme}://{options.get('host', 'localhost')}:{options.get('port', 6379)}/{options.get('db') or 0}"
