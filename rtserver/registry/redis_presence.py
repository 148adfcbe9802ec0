"""RedisPresence: a word, a hash of users and a sorted set beside the registry, and a backend's queue.

The scripts describe themselves.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from rtserver.base.queue.server_name import check_no_server_reads
from rtserver.registry.presence_port import GONE_SECONDS, SLICE, Tale
from tcelib.lease.port import CHANGES, RegistryAwayError, RegistryRefusedError
from tcelib.lease.redis import CHANGE_SECONDS, KEYS, explained, raw_of, text_of
from tcelib.queue.error import MessageError, QueueAwayError, QueueError
from tcelib.redis.redis_connection import RedisClient
from tcelib.redis.redis_error import RedisCallError
from tcelib.redis.script import load_script

EPOCH_BYTES = 6


class RedisPresence:
    """See ``PresencePort``. The presence beside the queue called ``name``; ``queue`` is the backend's.

    Greenlets may share it: each call takes a connection of its own.
    """

    def __init__(self, client: RedisClient, name: str, queue: str = "") -> None:
        self._client = client
        prefix = f"{{{name}}}:"
        self._epoch = f"{prefix}presence:epoch"
        self._told = f"{prefix}presence:told"
        kinds = {f"{prefix}{key}": kind for key, kind in KEYS.items()}
        self._kinds = {**kinds, self._told: "hash", f"{prefix}presence:gone": "zset", queue: "stream"}
        self._first = (f"{prefix}held:", CHANGES, CHANGE_SECONDS)
        self._queue, self._is_checked = queue, False
        self._moment = load_script("rtserver.registry", "moment.lua")
        self._tell = load_script("tcelib.lease", "registry.lua") + load_script("rtserver.registry", "tell.lua")

    def moment(self) -> tuple[int, str]:
        """See ``PresencePort``."""
        return self._ask("")

    def renew_epoch(self, lost: str) -> str:
        """See ``PresencePort``."""
        return self._ask(lost)[1]

    def tell_online(self, tales: Sequence[Tale]) -> int:
        """See ``PresencePort``. A script for each ``SLICE``."""
        return self._tell_all("online", tales)

    def tell_offline(self, tales: Sequence[Tale]) -> int:
        """See ``PresencePort``. A script for each ``SLICE``."""
        return self._tell_all("offline", tales)

    def told(self, cursor: str = "") -> tuple[Mapping[str, int], str]:
        """See ``PresencePort``. HSCAN."""
        following, flat = self._do(partial(self._client.call, "HSCAN", self._told, cursor or "0", "COUNT", SLICE))
        if isinstance(flat, dict):
            flat = [part for pair in flat.items() for part in pair]
        users = {text_of(user): int(at) for user, at in zip(flat[::2], flat[1::2], strict=True) if at.isdigit()}
        return users, f"{int(following)}" if int(following) else ""

    def _ask(self, lost: str) -> tuple[int, str]:
        new = secrets.token_hex(EPOCH_BYTES)
        now_ms, epoch = self._do(partial(self._client.run_script, self._moment, [self._epoch], new, lost))
        return int(now_ms), epoch.decode()

    def _tell_all(self, op: str, tales: Sequence[Tale]) -> int:
        return sum(self._tell_slice(op, tales[start : start + SLICE]) for start in range(0, len(tales), SLICE))

    def _tell_slice(self, op: str, tales: Sequence[Tale]) -> int:
        self._check_queue()
        parts = [part for tale in tales for part in (raw_of(tale.user), tale.at_ms, tale.body)]
        arguments = (*self._first, op, GONE_SECONDS, *parts)
        return int(self._do(partial(self._client.run_script, self._tell, list(self._kinds), *arguments)))

    def _check_queue(self) -> None:
        """Refuse the list of an rtserver, which an empty one would not."""
        if self._is_checked:
            return
        try:
            check_no_server_reads(self._client, self._queue)
        except MessageError as error:
            raise RegistryRefusedError(self._client.address, str(error)) from error
        except QueueError as error:
            kind = RegistryAwayError if isinstance(error, QueueAwayError) else RegistryRefusedError
            raise kind(error.address, error.reason) from error
        self._is_checked = True

    def _do(self, operation: Callable[[], Any]) -> Any:
        try:
            return operation()
        except RedisCallError as error:
            raise explained(error, self._client, {**self._kinds, self._epoch: "string"}) from error
