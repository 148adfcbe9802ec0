"""UserTeller: the registry as a gateway uses it that tells who has come to any gateway, and who has gone from all.

A user who has a first connection anywhere is online. He is offline when no gateway has had him for a while, so
a page that is loaded again, or a phone that changes the network, says nothing. Those of a gateway that died are
offline when they have not come to another one.

Every gateway tells of its own users, after the registry knows of them; whose gateway is gone is told by any of the
others. A script lets each event through once (``RedisTelling``).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tcelib.lease.place import PlaceLeases
from tcelib.lease.port import RegistryError, Renewal
from tcelib.lease.renewal import steady_clock
from tcelib.lease.telling import RedisTelling, Tale
from tcelib.redis.redis_connection import RedisClient
from tcelib.service.inbox import GATEWAY, USER
from tcelib.service.service_lease import REGISTRY

OUTBOX = "tce:user-events"
"""Stream of events until they are on the queue that services.xml names."""
LINGER_SECONDS = 10.0
"""From the loss of a user's last connection to the event."""
GONE_SECONDS = 20.0
"""More than that for the users of a gateway that is gone: they have to find another one."""
MOST_ABSENT = 200_000
"""Users who linger at once. Further ones, as when nothing can be told, are found later, by comparing."""
PAGES = 100
"""Pages of users that are compared with the registry in one renewal."""

Write = Callable[[bool, str], bytes]
"""Returns the message that a user has come, or has gone."""
log = logging.getLogger("tce.gateway")


class _Absence(NamedTuple):
    """Moment of our clock from which a user is offline, and the registry's since which he is away."""

    until: float
    since_ms: int


class UserTeller(PlaceLeases):
    """See ``PlaceLeases``. Belongs to the thread of a gateway's lease. ``clock`` gives seconds that never go back."""

    def __init__(
        self,
        client: RedisClient,
        write: Write,
        *,
        linger: float = LINGER_SECONDS,
        gone: float = GONE_SECONDS,
        clock: Callable[[], float] = steady_clock,
    ) -> None:
        super().__init__(client, REGISTRY, USER)
        self._telling = RedisTelling(client.at(REGISTRY), REGISTRY, OUTBOX, flag="h:idempotent")
        self._write = write
        self._linger = linger
        self._gone = gone
        self._clock = clock
        self._came: dict[str, None] = {}
        self._absent: dict[str, _Absence] = {}  # the earliest end first
        self._gateways: frozenset[int] = frozenset()
        self._compare_at = clock() + gone  # for those who were told before anybody was here
        self._cursor: str | None = None

    def hold(self, number: int, what: str, items: Sequence[str]) -> int:
        """See ``LeasePort``; tells who has come."""
        told = super().hold(number, what, items)
        if what == USER:
            for user in items:
                self._absent.pop(user, None)
            self._came.update(dict.fromkeys(items))
            self._try(self._tell_came)
        return told

    def drop(self, number: int, what: str, items: Sequence[str]) -> int:
        """See ``LeasePort``."""
        told = super().drop(number, what, items)
        if what == USER:
            for user in items:
                self._came.pop(user, None)
            self._let_linger(items)
        return told

    def renew(self, number: int, seconds: float, load: Mapping[str, int] | None = None) -> Renewal:
        """See ``LeasePort``; tells who has gone."""
        renewal = super().renew(number, seconds, load)
        self._try(self._tell_all)
        return renewal

    def _try(self, tell: Callable[[], None]) -> None:
        """Tell. What is not told now is told with a later renewal, and costs nobody the lease."""
        try:
            tell()
        except RegistryError as error:
            log.warning("! users who came or went are told later: %s", error)

    def _tell_all(self) -> None:
        self._tell_came()
        self._compare()
        self._tell_gone()

    def _tell_came(self) -> None:
        users = tuple(self._came)
        if users:
            at_ms = self.now_ms()
            self._telling.online([Tale(user, at_ms, self._write(True, user)) for user in users])
            for user in users:
                del self._came[user]

    def _tell_gone(self) -> None:
        now, tales = self._clock(), []
        for user, absence in self._absent.items():
            if absence.until > now:
                break
            tales.append(Tale(user, absence.since_ms, self._write(False, user)))
        if tales:
            self._telling.offline(tales)
            for tale in tales:
                del self._absent[tale.user]

    def _let_linger(self, users: Sequence[str]) -> None:
        """Tell in a while that these users have gone, unless one has come to any gateway since now."""
        # A millisecond later than a visit that is over within one.
        absence = _Absence(self._clock() + self._linger, self.now_ms() + 1)
        for user in users:
            self._absent.pop(user, None)
        room = max(0, MOST_ABSENT - len(self._absent))
        self._absent.update(dict.fromkeys(users[:room], absence))
        if room < len(users):
            self._compare_at = min(self._compare_at, self._clock() + self._gone)

    def _compare(self) -> None:
        """Let those linger who were told to be online and are nowhere, some time after a gateway was gone."""
        gateways = frozenset(holder.number for holder in self.holders(GATEWAY))
        if self._gateways - gateways:
            self._compare_at = min(self._compare_at, self._clock() + self._gone)
        self._gateways = gateways
        if self._cursor is None and self._clock() >= self._compare_at:
            self._compare_at, self._cursor = float("inf"), ""
        for _ in range(PAGES):
            if self._cursor is None:
                break
            users, following = self._telling.told(self._cursor)
            nowhere = set(users) - self.where(USER, users).keys() - self._absent.keys()
            self._let_linger(sorted(nowhere))
            self._cursor = following or None
