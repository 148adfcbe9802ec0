"""Moves of stored quotes between queues, when the queues have become more or fewer.

A quote's keys go as they are, whole quotes one after the other: what is cut off in the middle is done again by the
next run. Nobody may write history meanwhile.
"""

from collections.abc import Callable, Iterator

from rtserver.base.queue.port import START
from rtserver.history.redis_history import RedisHistory
from tcelib.queue.redis_commands import RedisCommands

BASES = ("1m", "1d")


def strays(history: RedisHistory, owner_of: Callable[[str], str]) -> Iterator[str]:
    """Yield the quotes that are stored for a queue and belong to another one. Raises ``QueueError``."""
    for quote in history.quotes():
        if owner_of(quote) != history.redis.name:
            yield quote


def move_quote(quote: str, source: RedisHistory, target: RedisHistory) -> bool:
    """Move what is stored of a quote. Return False if the target has prices of it that the source has not.

    Its state begins the target's bus anew: stamps of the source are entries of another bus. Raises ``QueueError``.
    """
    stamp = target.redis.call("HGET", target.redis.key_of(f"history:state:{quote}"), "stamp")
    if stamp is not None and stamp != START.encode():
        return False
    names = [f"history:state:{quote}", f"history:ticks:{quote}"]
    for base in BASES:
        index = f"history:blocks:{base}:{quote}"
        groups = source.redis.call("HKEYS", source.redis.key_of(index))
        names += [index, *(f"history:block:{base}:{group.decode()}:{quote}" for group in groups)]
    members = [f"{kind} {quote}" for kind in ("state", *BASES)]
    for name in names:
        _copy(name, source.redis, target.redis)
    if target.redis.call("EXISTS", target.redis.key_of(names[0])):
        target.redis.call("HSET", target.redis.key_of(names[0]), "stamp", START)
    for place in ("history:quotes", "history:cut"):
        known = [member for member in members if source.redis.call("SISMEMBER", source.redis.key_of(place), member)]
        if known:
            target.redis.call("SADD", target.redis.key_of(place), *known)
    source.redis.call_together(
        [
            *(("SREM", source.redis.key_of(place), *members) for place in ("history:quotes", "history:cut")),
            ("DEL", *map(source.redis.key_of, names)),
        ],
        is_atomic=True,
    )
    return True


def _copy(name: str, source: RedisCommands, target: RedisCommands) -> None:
    dumped = source.call("DUMP", source.key_of(name))
    if dumped is not None:
        target.call("RESTORE", target.key_of(name), 0, dumped, "REPLACE")
