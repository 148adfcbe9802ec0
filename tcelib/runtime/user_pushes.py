"""UserPushes: sends messages to users, wherever they are connected now.

The registry says at which gateway a user is. The message goes into the inbox of that gateway, a list beside the
registry.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tcelib.error import (
    RPCERROR_CONNECT_FAILED,
    RPCERROR_CONNECT_UNREACHABLE,
    RPCERROR_SENDFAILED,
    RpcException,
)
from tcelib.lease.place import PlaceLeases
from tcelib.lease.port import RegistryAwayError, RegistryError
from tcelib.redis.gevent_redis import gevent_client
from tcelib.redis.redis_connection import Role
from tcelib.redis.redis_error import RedisCallError
from tcelib.runtime.endpoint import EndPointAddress
from tcelib.runtime.user_seeker import UserSeeker
from tcelib.service.inbox import USER
from tcelib.service.service_lease import REGISTRY
from tcelib.service.user_finder import UserFinder
from tcelib.transport.hub.queue_kind import MQ, STREAM
from tcelib.transport.hub.shell import HubHome

REGISTRY_PROPERTY = "registry"
"""Property of a program: the URL of the Redis with the registry."""


@contextmanager
def failures() -> Iterator[None]:
    """Raise what Redis and the registry raise as ``RpcException``: CONNECT_FAILED, or SENDFAILED for a refusal."""
    try:
        yield
    except RedisCallError as error:
        code = RPCERROR_CONNECT_FAILED if error.trouble.is_away else RPCERROR_SENDFAILED
        raise RpcException(code, f"{error.address}: {error.reason}") from error
    except RegistryError as error:
        code = RPCERROR_CONNECT_FAILED if isinstance(error, RegistryAwayError) else RPCERROR_SENDFAILED
        raise RpcException(code, str(error)) from error


def registries_of(properties: Mapping[str, Any], endpoints: Iterable[EndPointAddress]) -> Sequence[str]:
    """Return the URLs of the Redis in which a program looks for users: that of the property ``registry``, or else
    those of its queues; of those that are open, if any are.

    Raises ``RpcException`` (CONNECT_FAILED) if there is none.
    """
    said = properties.get(REGISTRY_PROPERTY)
    if said:
        return [said]
    queues = [endpoint for endpoint in endpoints if endpoint.type in (MQ, STREAM)]
    used = [endpoint for endpoint in queues if endpoint.impl is not None] or queues
    if not used:
        raise RpcException(RPCERROR_CONNECT_FAILED, "users cannot be found: this program knows no queue in Redis")
    return list(dict.fromkeys(endpoint.queue_url for endpoint in used))


class UserPlace:
    """One registry, and the inboxes beside it, for the greenlets of a hub."""

    def __init__(self, url: str) -> None:
        self.redis = gevent_client(url).at(REGISTRY)
        self.leases = PlaceLeases(self.redis, REGISTRY, USER)
        self.finder = UserFinder(self.leases)

    def where(self, users: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """See ``UserFinder``. Raises ``RpcException``."""
        with failures():
            return self.finder.where(users)

    def put(self, inbox: str, bodies: Sequence[bytes]) -> None:
        """Put messages into an inbox: all or none. Raises ``RpcException``; then they may be there all the same."""
        with failures():
            self.redis.call("RPUSH", inbox, *bodies, role=Role.PUBLISHING)

    def close(self) -> None:
        """Close the connections."""
        self.redis.close()


class UserPushes:
    """The registries of a program, by the URLs of their Redis: users at gateways of all of them are found."""

    def __init__(self, urls: Collection[str]) -> None:
        self.home = HubHome()
        self._places = [UserPlace(url) for url in urls]
        self._seeker = UserSeeker(self._find)

    def push(self, user_id: str, bodies: Sequence[bytes], linger: float) -> None:
        """Pass messages on to the gateway of a user; wait up to ``linger`` seconds for him to come.

        Raises ``RpcException``: CONNECT_UNREACHABLE if he is at no gateway; CONNECT_FAILED or SENDFAILED if that
        cannot be asked, or the messages cannot be written.
        """
        found = self._find([user_id]).get(user_id)
        if found is None and linger > 0:
            found = self._seeker.wait(user_id, linger)
        if found is None:
            raise RpcException(RPCERROR_CONNECT_UNREACHABLE, f"the user {user_id!r} is at no gateway")
        place, inbox = found
        place.put(inbox, bodies)

    def close(self) -> None:
        """Close the connections."""
        self._seeker.close()
        for place in self._places:
            place.close()

    def _find(self, users: Collection[str]) -> Mapping[str, tuple[UserPlace, str]]:
        """Return where each user is who is anywhere: registry, and inbox of the gateway that took him last."""
        found: dict[str, tuple[UserPlace, str]] = {}
        for place in self._places:
            missing = [user for user in users if user not in found]
            if missing:
                found.update((user, (place, inboxes[-1])) for user, inboxes in place.where(missing).items())
        return found
