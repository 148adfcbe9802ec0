"""RedisPresence: a word beside the registry, and what was told onto a backend's queue.

The scripts describe themselves.
"""

import secrets
from collections.abc import Mapping, Sequence

from rtserver.base.queue.server_name import check_no_server_reads
from tcelib.lease.port import RegistryAwayError, RegistryRefusedError
from tcelib.lease.redis import explained
from tcelib.lease.telling import RedisTelling, Tale
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
        self._epoch = f"{{{name}}}:presence:epoch"
        self._telling = RedisTelling(client, name, queue)
        self._queue, self._is_checked = queue, False
        self._moment = load_script("rtserver.registry", "moment.lua")

    def moment(self) -> tuple[int, str]:
        """See ``PresencePort``."""
        return self._ask("")

    def renew_epoch(self, lost: str) -> str:
        """See ``PresencePort``."""
        return self._ask(lost)[1]

    def tell_online(self, tales: Sequence[Tale]) -> int:
        """See ``PresencePort``."""
        self._check_queue()
        return self._telling.online(tales)

    def tell_offline(self, tales: Sequence[Tale]) -> int:
        """See ``PresencePort``."""
        self._check_queue()
        return self._telling.offline(tales)

    def told(self, cursor: str = "") -> tuple[Mapping[str, int], str]:
        """See ``PresencePort``."""
        return self._telling.told(cursor)

    def _ask(self, lost: str) -> tuple[int, str]:
        new = secrets.token_hex(EPOCH_BYTES)
        try:
            now_ms, epoch = self._client.run_script(self._moment, [self._epoch], new, lost)
        except RedisCallError as error:
            raise explained(error, self._client, {self._epoch: "string"}) from error
        return int(now_ms), epoch.decode()

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
