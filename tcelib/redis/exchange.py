"""Exchange of commands and replies on one connection.

Decides in which form commands leave, and what the replies become. Every script goes by its digest; Redis gets its
text only if it does not know it, because it would hash the text each time.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import redis
from redis.exceptions import NoScriptError

from tcelib.redis.pooled_connection import PooledConnection
from tcelib.redis.script import digest_of

Command: TypeAlias = Sequence[Any]

# redis-py would make a dict of every entry; at this rate that is the reader's largest cost.
_AS_THEY_COME = ("XREAD", "XREADGROUP", "XRANGE", "XREVRANGE", "XPENDING")


def exchange(connection: PooledConnection, commands: Sequence[Command]) -> list[Any]:
    """Send commands together and return their replies, as redis-py reads them; those about streams as they come.

    A reply is a ``redis.RedisError`` where Redis refused the command. A script that Redis does not know runs behind
    the other commands. Raises ``OSError`` and ``redis.RedisError`` without an answer; then the connection is closed.
    """
    begin(connection, commands)
    return finish(connection, commands)


def begin(connection: PooledConnection, commands: Sequence[Command]) -> None:
    """Send commands as ``exchange`` does, which ``finish`` gives the replies to."""
    connection.send([_by_digest(command) for command in commands])


def finish(connection: PooledConnection, commands: Sequence[Command]) -> list[Any]:
    """Return the replies to commands that were begun, as ``exchange`` does."""
    replies = connection.receive(len(commands))
    for place, reply in enumerate(replies):
        if isinstance(reply, NoScriptError):
            replies[place] = connection.ask([commands[place]])[0]
    return _answers(commands, replies)


def transact(connection: PooledConnection, commands: Sequence[Command]) -> list[Any]:
    """Send commands as a transaction and return their replies, as ``exchange`` does.

    Raises ``redis.RedisError`` if none was done.
    """
    *queued, replies = connection.ask([("MULTI",), *commands, ("EXEC",)])
    if isinstance(replies, redis.RedisError):
        raise next((reply for reply in queued if isinstance(reply, redis.RedisError)), replies)
    return _answers(commands, replies)


def _answers(commands: Sequence[Command], replies: Sequence[Any]) -> list[Any]:
    """Return replies as redis-py reads them."""
    readers = _readers()
    return [
        reply if (reader := readers.get(command[0])) is None or isinstance(reply, redis.RedisError) else reader(reply)
        for command, reply in zip(commands, replies, strict=True)
    ]


def _by_digest(command: Command) -> Command:
    return ("EVALSHA", digest_of(command[1]), *command[2:]) if command[0] == "EVAL" else command


@cache
def _readers() -> Mapping[str, Callable[[Any], Any]]:
    """Return redis-py's functions that make an answer of a reply, by the command."""
    readers = redis.Redis(protocol=2).response_callbacks
    return {command: readers[command] for command in readers if command not in _AS_THEY_COME}
