"""A primary and a replica that change their roles when a test says so, behind one address, without Sentinels."""

import redis

from tests.redis_process import RedisProcess
from tests.sentinel_group import Forwarder, client_of, wait_until_same
from tests.until import until


class Pair:
    """Two servers, of which one is the primary; ``url`` leads new connections there."""

    def __init__(self, one: RedisProcess, other: RedisProcess) -> None:
        self.primary, self.replica = one, other
        self._forwarder = Forwarder(lambda: self.primary.port)

    def __enter__(self) -> "Pair":
        self._forwarder.__enter__()
        self._follow()
        return self

    def __exit__(self, *_: object) -> None:
        self._forwarder.__exit__()

    @property
    def url(self) -> str:
        return self._forwarder.url

    def swap(self) -> None:
        """The replica takes over with all that there is; the old primary stays up with its connections."""
        wait_until_same(self.primary, self.replica)
        self.primary, self.replica = self.replica, self.primary
        with client_of(self.primary) as client:
            client.replicaof("NO", "ONE")
        self._follow()

    def _follow(self) -> None:
        with client_of(self.replica) as client:
            client.replicaof("127.0.0.1", self.primary.port)
            until(
                lambda: client.info("replication")["master_link_status"] == "up",
                "the replica follows",
                tolerated=redis.RedisError,
            )
