"""InboxReader: takes what others send to the users of a gateway, and what lies in the inboxes of gateways that died.

A message is gone from an inbox when it was taken: it is given to a user at most once.
"""

import logging
import time
from collections.abc import Iterable
from contextlib import suppress

import gevent
import gevent.event

from tcelib.error import RpcException
from tcelib.queue.error import QueueError
from tcelib.queue.redis_list import RedisListQueue
from tcelib.redis.gevent_redis import gevent_client
from tcelib.runtime.gateway.kept_loop import spawn_kept
from tcelib.runtime.gateway.user_side import UserSide
from tcelib.runtime.user_pushes import UserPlace, failures
from tcelib.service.call_body import expires_of
from tcelib.service.inbox import INBOXES
from tcelib.transport.hub.outage import Outage

READER = "gateway"
MOST_AT_ONCE = 500
POP_SECONDS = 3.0
RETRY_SECONDS = 1.0
CLOSE_SECONDS = 1.0
WAKE_SECONDS = 0.1
"""Between two tries to wake a reader that is to end."""
LOOK_SECONDS = 2.0
"""Between two looks for gateways that died."""
GONE_SECONDS = 60.0
"""The inbox of a gateway that died is emptied for so long: somebody may have looked for it a moment before."""
log = logging.getLogger("tce.gateway")


class InboxReader:
    """Reader of ``inbox``, for ``users``. ``place`` is the registry, in the Redis at ``url``."""

    def __init__(self, url: str, inbox: str, place: UserPlace, users: UserSide) -> None:
        self._url = url
        self._inbox = inbox
        self._place = place
        self._users = users
        self._queue = self._open(inbox)
        self._outage = Outage(log, "messages to users cannot be read", "messages to users are read again")
        self._dead_since: dict[str, float] = {}
        self._greenlets: list[gevent.Greenlet] = []
        self._is_over = gevent.event.Event()

    def start(self) -> None:
        """Read from now on."""
        self._greenlets = [
            spawn_kept(self._read, "reads the inbox"),
            spawn_kept(self._look_after_others, "looks for gateways that died"),
        ]

    def close(self) -> None:
        """Read no more. What is left is for the other gateways."""
        self._is_over.set()
        latest = time.monotonic() + CLOSE_SECONDS
        while any(self._greenlets) and time.monotonic() < latest:
            self._wake()  # again: its wait in Redis may have begun a moment later
            gevent.joinall(self._greenlets, WAKE_SECONDS)
        gevent.killall(self._greenlets)  # one that is killed loses what it is about to get
        self._queue.close()

    def _wake(self) -> None:
        try:
            self._queue.wake(READER)
        except QueueError as error:
            log.debug("the reader of the inbox was not woken: %s", error)

    def _open(self, inbox: str) -> RedisListQueue:
        return RedisListQueue(gevent_client(self._url), inbox, expires_of=expires_of)

    def _read(self) -> None:
        while not self._is_over.is_set():
            try:
                self._take_from(self._queue, POP_SECONDS)
            except QueueError as error:
                self._outage.begin(error)
                self._is_over.wait(RETRY_SECONDS)
            else:
                self._outage.end()

    def _take_from(self, queue: RedisListQueue, seconds: float) -> int:
        """Take some messages, and return how many there were."""
        expired = queue.expired
        deliveries = queue.take(READER, MOST_AT_ONCE, seconds)
        self._users.expire(queue.expired - expired)
        for delivery in deliveries:
            self._users.take(delivery.body)
        gevent.sleep(0)
        return len(deliveries)

    def _look_after_others(self) -> None:
        while not self._is_over.is_set():
            try:
                self._look()
            except (QueueError, RpcException) as error:
                log.debug("nobody tells which gateways died: %s", error)
            self._is_over.wait(LOOK_SECONDS)

    def _look(self) -> None:
        """Empty the inboxes of gateways without a lease. The inboxes are read first: a lease precedes a message."""
        with failures():
            self._place.redis.call("SADD", INBOXES, self._inbox)
            known = _names(self._place.redis.call("SMEMBERS", INBOXES))
            dead = known - self._place.finder.living() - {self._inbox}
        now = time.monotonic()
        self._dead_since = {name: self._dead_since.get(name, now) for name in dead}
        for name, since in tuple(self._dead_since.items()):
            self._empty(name)
            if now - since >= GONE_SECONDS:
                self._bury(name)

    def _empty(self, name: str) -> None:
        queue = self._open(name)
        try:
            count = 0
            while not self._is_over.is_set() and (taken := self._take_from(queue, 0)):
                count += taken
        finally:
            queue.close()
        if count:
            log.warning("! %d messages to users at a gateway that is gone are passed on", count)

    def _bury(self, name: str) -> None:
        with failures():
            self._place.redis.call("SREM", INBOXES, name)
            self._place.leases.forget()


def _names(members: Iterable[bytes]) -> set[str]:
    """Return the names of inboxes. What is no UTF-8 is the name of none."""
    names = set()
    for member in members:
        with suppress(UnicodeDecodeError):
            names.add(member.decode())
    return names
