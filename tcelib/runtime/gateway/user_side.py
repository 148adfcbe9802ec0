"""UserSide: the users of a gateway as other programs find them.

It tells the registry who is here, takes messages from the gateway's inbox, and passes on those for users who are not
here any more.
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import gevent
import gevent.event

from tcelib.error import RpcException
from tcelib.gateway.action import Action
from tcelib.gateway.hop import one_hop_more
from tcelib.gateway.router import Router
from tcelib.gateway.user_roll import UserRoll
from tcelib.gateway.verb import Reason
from tcelib.gateway.waiting_room import WaitingRoom
from tcelib.runtime.gateway.kept_loop import spawn_kept
from tcelib.service.call_body import expires_of
from tcelib.service.inbox import USER
from tcelib.transport.hub.outage import Outage

CLOSE_SECONDS = 5.0
LOOK_SECONDS = 0.1
"""Between two looks for users whose messages wait."""
LOOKS_A_SECOND = 20_000
"""Users who are looked for in a second at most: Redis asks the set of each gateway for each."""
log = logging.getLogger("tce.gateway")


def pause_of(users: int) -> float:
    """Return the seconds between two looks for so many users."""
    return max(LOOK_SECONDS, users / LOOKS_A_SECOND)


class Holding(Protocol):
    """A gateway's lease."""

    def hold(self, what: str, item: str) -> None:
        """Note that the gateway has an item. Never waits."""

    def drop(self, what: str, item: str) -> None:
        """Note that it has the item no more. Never waits."""


class Place(Protocol):
    """The registry, and the inboxes beside it. Both may wait, and raise ``RpcException``."""

    def where(self, users: Collection[str], /) -> Mapping[str, tuple[str, ...]]:
        """Return the inboxes of the gateways where each user is, the one that took him last at the end."""

    def put(self, inbox: str, bodies: Sequence[bytes], /) -> None:
        """Put messages into an inbox: all or none."""

    def close(self) -> None:
        """Close the connections."""


class UserSide:
    """Users of the gateway with ``router``. ``act`` does what the router decides.

    ``clock`` gives seconds that never go back, ``now`` epoch seconds.
    """

    def __init__(
        self,
        router: Router,
        lease: Holding,
        place: Place,
        inbox: str,
        act: Callable[[Action], object],
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.roll = UserRoll()
        self._state, self._services = router.state, router.services
        self._lease = lease
        self._place = place
        self._inbox = inbox
        self._act = act
        self._clock = clock
        self._now = now
        self._source = router.state.table.inbox(inbox)
        self._room = WaitingRoom()
        self._outage = Outage(log, "messages are not passed on to users", "messages are passed on to users again")
        self._has_waiting = gevent.event.Event()
        self._is_over = gevent.event.Event()
        self._seeker: gevent.Greenlet | None = None
        self._state.finds_users = True

    def start(self) -> None:
        """Look from now on for users whose messages wait."""
        self._seeker = spawn_kept(self._seek, "looks for users")

    def close(self) -> None:
        """Look no more, leave what waits to the other gateways, and close the connections."""
        self._state.finds_users = False
        self._is_over.set()
        self._has_waiting.set()
        if self._seeker is not None:
            self._seeker.join(CLOSE_SECONDS)
            self._seeker.kill()  # it loses what it is about to pass on
        waiting = [body for user_id in tuple(self._room.users) for body in self._room.take(user_id)]
        if waiting:
            self._put(self._inbox, waiting)
        self._place.close()

    def came(self, user_id: str) -> None:
        """Note one more connection of a user, who gets what has waited for him."""
        self.roll.came(user_id)
        self._lease.hold(USER, user_id)  # each time: he was here last
        if len(self._room):
            for body in self._room.take(user_id):
                self.take(body)

    def went(self, user_id: str) -> None:
        """Note that a connection of a user is gone."""
        if self.roll.went(user_id):
            self._lease.drop(USER, user_id)

    def tell_again(self) -> None:
        """Tell the registry of everybody: the gateway has a lease of another name."""
        for user_id in self.roll:
            self._lease.hold(USER, user_id)

    def take(self, body: bytes) -> None:
        """Deliver a message of the inbox."""
        self._act(self._services.receive(self._source, body))

    def expire(self, count: int) -> None:
        """Count messages whose time was over before they were taken."""
        self._state.dropped[Reason.EXPIRED] += count

    def pass_on(self, user_id: str, body: bytes) -> None:
        """Pass a message on to where its user is now; keep it a moment for one who is on his way."""
        expires = expires_of(body)
        linger = 0.0 if expires is None else expires - self._now()
        if self._room.add(user_id, body, self._clock(), linger):
            self._has_waiting.set()
        else:
            self._state.drop(Reason.NOT_HERE)

    def look(self) -> None:
        """Look once where those are whose messages wait, pass these on, and give up those whose time is over."""
        try:
            places = self._place.where(tuple(self._room.users))
        except RpcException as failure:
            log.debug("nobody tells where users are: %s", failure)
            places = {}
        for user_id, inboxes in places.items():
            others = [inbox for inbox in inboxes if inbox != self._inbox]
            if others:
                self._send_on(others[-1], self._room.take(user_id))
        self._state.dropped[Reason.NOT_HERE] += self._room.expire(self._clock())

    def _seek(self) -> None:
        while True:
            self._has_waiting.wait()
            if self._is_over.is_set():
                return
            self.look()
            if len(self._room):
                self._is_over.wait(pause_of(len(self._room.users)))
            elif not self._is_over.is_set():
                self._has_waiting.clear()

    def _send_on(self, inbox: str, bodies: Sequence[bytes]) -> None:
        going = [more for more in map(one_hop_more, bodies) if more is not None]
        self._state.dropped[Reason.NOT_HERE] += len(bodies) - len(going)
        if going:
            self._put(inbox, going)

    def _put(self, inbox: str, bodies: Sequence[bytes]) -> None:
        try:
            self._place.put(inbox, bodies)
            self._outage.end()
        except RpcException as failure:
            self._outage.begin(failure, len(bodies))
            self._state.dropped[Reason.UNSENT] += len(bodies)
