"""MemoryPresence: the twin of ``RedisPresence``, for tests. Never the product's answer. Single-threaded."""

from collections.abc import Mapping, Sequence
from itertools import count

from rtserver.registry.worker_lease import USER
from tcelib.lease.port import LeasePort
from tcelib.lease.telling import Tale


class MemoryPresence:
    """See ``PresencePort``. ``queue`` is the backend's: the messages in their order."""

    def __init__(self, leases: LeasePort) -> None:
        self.queue: list[bytes] = []
        self._leases = leases
        self._words = count(1)
        self._epoch = f"epoch-{next(self._words)}"
        self._told: dict[str, int] = {}
        self._gone: dict[str, int] = {}

    def moment(self) -> tuple[int, str]:
        """See ``PresencePort``."""
        return self._leases.now_ms(), self._epoch

    def renew_epoch(self, lost: str) -> str:
        """See ``PresencePort``."""
        if lost == self._epoch:
            self._epoch = f"epoch-{next(self._words)}"
        return self._epoch

    def tell_online(self, tales: Sequence[Tale]) -> int:
        """See ``PresencePort``."""
        before = len(self.queue)
        for user, at_ms, body in tales:
            if user not in self._told and at_ms > self._gone.get(user, 0):
                self._told[user] = at_ms
                self._gone.pop(user, None)
                self.queue.append(body)
            elif user in self._told:
                self._told[user] = max(at_ms, self._told[user])
        return len(self.queue) - before

    def tell_offline(self, tales: Sequence[Tale]) -> int:
        """See ``PresencePort``."""
        before, held = len(self.queue), self._leases.where(USER, [tale.user for tale in tales])
        for user, at_ms, body in tales:
            if user in self._told and at_ms > self._told[user] and user not in held:
                del self._told[user]
                self._gone[user] = at_ms
                self.queue.append(body)
        return len(self.queue) - before

    def told(self, cursor: str = "") -> tuple[Mapping[str, int], str]:
        """See ``PresencePort``."""
        return dict(self._told), ""
