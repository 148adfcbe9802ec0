"""Exchange of commands and replies on one connection.

Decides in which form commands leave, and what the replies become. Every script goes by its digest; Redis gets its
text only if it does not know it, because it would hash the text each time. redis-py packs, sends, receives and
parses.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import redis
from redis.exceptions import NoScriptError

from tcelib.redis.script import digest_of

Command: TypeAlias = Sequence[Any]

ONE_WRITE = 65_536  # bytes up to which a copy is cheaper than another system call
# redis-py would make a dict of every entry; at this rate that is the reader's largest cost.
_AS_THEY_COME = ("XREAD", "XREADGROUP", "XRANGE", "XREVRANGE", "XPENDING")


def exchange(connection: Any, commands: Sequence[Command]) -> list[Any]:
    """Send commands together and return their replies, as redis-py reads them; those about streams as they come.

    A reply is a ``redis.ResponseError`` where Redis refused the command. A script that Redis does not know runs
    behind the other commands. Raises ``OSError`` and every other ``redis.RedisError``; then the connection is closed.
    """
    replies = _round(connection, [_by_digest(command) for command in commands])
    for place, reply in enumerate(replies):
        if isinstance(reply, NoScriptError):
            replies[place] = _round(connection, [commands[place]])[0]
    return replies


def transact(connection: Any, commands: Sequence[Command]) -> list[Any]:
    """Send commands as a transaction and return their replies, as ``exchange`` does.

    Raises ``redis.ResponseError`` if none was done.
    """
    *queued, replies = _round(connection, [("MULTI",), *commands, ("EXEC",)])
    if isinstance(replies, redis.ResponseError):
        raise next((reply for reply in queued if isinstance(reply, redis.ResponseError)), replies)
    return [_read(command, reply) for command, reply in zip(commands, replies, strict=True)]


def _round(connection: Any, commands: Sequence[Command]) -> list[Any]:
    packed = [chunk for command in commands for chunk in connection.pack_command(*command)]
    if len(packed) > 1 and sum(map(len, packed)) <= ONE_WRITE:
        packed = [b"".join(packed)]
    connection.send_packed_command(packed)
    return [_reply_to(command, connection) for command in commands]


def _reply_to(command: Command, connection: Any) -> Any:
    try:
        reply = connection.read_response()
    except redis.ResponseError as error:
        return error
    return _read(command, reply)


def _read(command: Command, reply: Any) -> Any:
    reader = _readers().get(command[0])
    return reply if reader is None or isinstance(reply, redis.ResponseError) else reader(reply)


def _by_digest(command: Command) -> Command:
    return ("EVALSHA", digest_of(command[1]), *command[2:]) if command[0] == "EVAL" else command


@cache
def _readers() -> Mapping[str, Callable[[Any], Any]]:
    """Return redis-py's functions that make an answer of a reply, by the command."""
    readers = redis.Redis(protocol=2).response_callbacks
    return {command: readers[command] for command in readers if command not in _AS_THEY_COME}
