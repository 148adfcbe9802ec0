"""RedisTelling: tells a queue who has come and who has gone, each event once, whoever sees it.

The message on the queue and the note that it was told are one script, so several programs may tell what they see, and
one that dies costs no event. A note that a user is told to be online stays until he is told to be offline.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from tcelib.lease.port import CHANGES
from tcelib.lease.redis import CHANGE_SECONDS, KEYS, explained, raw_of, text_of
from tcelib.redis.redis_connection import RedisClient
from tcelib.redis.redis_error import RedisCallError
from tcelib.redis.script import load_script

SLICE = 500
"""Users in one operation at most."""
GONE_SECONDS = 3_600
"""Time for which it is known that somebody was told to be offline: nobody is so far behind and still tells."""


class Tale(NamedTuple):
    """An event to tell: a user, the moment by the registry's clock, and the message for the queue."""

    user: str
    at_ms: int
    body: bytes


class RedisTelling:
    """Notes beside the registry called ``name``, and the stream ``queue``. ``flag`` is a field of it that says true.

    Every call may raise ``RegistryError``. A script for each ``SLICE``.
    """

    def __init__(self, client: RedisClient, name: str, queue: str, *, flag: str = "") -> None:
        self._client = client
        prefix = f"{{{name}}}:"
        self._told = f"{prefix}presence:told"
        kinds = {f"{prefix}{key}": kind for key, kind in KEYS.items()}
        self._kinds = {**kinds, self._told: "hash", f"{prefix}presence:gone": "zset", queue: "stream"}
        self._first = (f"{prefix}held:", CHANGES, CHANGE_SECONDS)
        self._flag = flag
        self._script = load_script("tcelib.lease", "registry.lua", "tell.lua")

    def online(self, tales: Sequence[Tale]) -> int:
        """Put the messages of those users on the queue who are not told to be online, and note them as told.

        Return the number of messages. An event that is no newer than what was told of its user last is not told. A
        newer one of a user who is told to be online is noted in its place.
        """
        return self._tell_all("online", tales)

    def offline(self, tales: Sequence[Tale]) -> int:
        """Put the messages of those users on the queue who are told to be online and have no holder any more."""
        return self._tell_all("offline", tales)

    def told(self, cursor: str = "") -> tuple[Mapping[str, int], str]:
        """Return some of the users who are told to be online, with their moments, and the cursor of the next ones.

        The cursor is empty behind the last ones. Those who are told all the time are returned at least once.
        """
        following, flat = self._do(partial(self._client.call, "HSCAN", self._told, cursor or "0", "COUNT", SLICE))
        if isinstance(flat, dict):
            flat = [part for pair in flat.items() for part in pair]
        users = {text_of(user): int(at) for user, at in zip(flat[::2], flat[1::2], strict=True) if at.isdigit()}
        return users, f"{int(following)}" if int(following) else ""

    def _tell_all(self, op: str, tales: Sequence[Tale]) -> int:
        return sum(self._tell(op, tales[start : start + SLICE]) for start in range(0, len(tales), SLICE))

    def _tell(self, op: str, tales: Sequence[Tale]) -> int:
        parts = [part for tale in tales for part in (raw_of(tale.user), tale.at_ms, tale.body)]
        arguments = (*self._first, op, GONE_SECONDS, self._flag, *parts)
        return int(self._do(partial(self._client.run_script, self._script, list(self._kinds), *arguments)))

    def _do(self, operation: Callable[[], Any]) -> Any:
        try:
            return operation()
        except RedisCallError as error:
            raise explained(error, self._client, self._kinds) from error
