"""WorkerLease: this server in the registry of those that share its Redis, and the users who are connected to it.

The websocket thread says which users have come and gone; only the first connection of a user and the last one are of
interest. Everything that waits for Redis is done by the thread of the lease (``tcelib.lease.renewal``).
"""

from asyncio import wait_for, wrap_future
from collections.abc import Callable, Mapping
from contextlib import suppress

from rtserver.registry.running_server import WORKER, RunningServer, servers_of
from tcelib.lease.keeper import LeaseKeeper, Life
from tcelib.lease.port import LeasePort, Registration, RegistryError
from tcelib.lease.renewal import RenewalThread, steady_clock

USER = "user"
"""Kind of the items that a worker holds."""
START_SECONDS = 5.0
ANSWER_SECONDS = 0.25
GOOD_SECONDS = 10.0
"""Age of a list of servers that is told without asking again."""


class WorkerLease:
    """The lease of one worker. Any thread may call it, except where it says otherwise.

    ``figures`` returns the worker's load; it is called on the thread of the lease. ``look_at`` judges whether a
    process lives. ``on_end`` is called on that thread with an error after which the worker must not go on.
    """

    def __init__(
        self,
        leases: LeasePort,
        registration: Registration,
        *,
        figures: Callable[[], Mapping[str, int]],
        look_at: Callable[[str], Life],
        on_end: Callable[[BaseException], object],
    ) -> None:
        keeper = LeaseKeeper(leases, registration, clock=steady_clock, load=figures, look_at=look_at)
        self._thread = RenewalThread(keeper, on_end=on_end, name="rtserver-lease")
        self._clock = steady_clock
        self._servers: tuple[RunningServer, ...] = ()
        self._asked_at = float("-inf")

    @property
    def is_held(self) -> bool:
        """True while the lease cannot have ended: whether others can see this server and its users."""
        return self._thread.is_held

    @property
    def number(self) -> int:
        """The number of the lease; 0 while there is none."""
        return self._thread.number

    @property
    def taken(self) -> int:
        """The number of leases that were taken."""
        return self._thread.joins

    @property
    def detail(self) -> str:
        """Text for people: whether the lease is held, and what is in the way."""
        if self.is_held:
            return "held"
        return f"none, so others do not see this server: {self._thread.trouble or 'not taken yet'}"

    def start(self) -> None:
        """Take the lease. Raises ``NameTakenError`` if a server that lives has the name.

        Returns within ``START_SECONDS``, also where Redis does not answer; the thread goes on trying.
        """
        self._thread.start(START_SECONDS)

    def stop(self, timeout: float) -> bool:
        """Give the lease back. Return True if that was done within ``timeout`` seconds."""
        return self._thread.stop(timeout)

    def came(self, user_id: str) -> None:
        """Note that a user has a first connection here."""
        self._thread.hold(USER, user_id)

    def went(self, user_id: str) -> None:
        """Note that a user has no connection here any more."""
        self._thread.drop(USER, user_id)

    def hold(self, what: str, item: str) -> None:
        """Note that this server has an item of a kind."""
        self._thread.hold(what, item)

    def drop(self, what: str, item: str) -> None:
        """Note that it has the item no more."""
        self._thread.drop(what, item)

    async def servers(self) -> tuple[RunningServer, ...]:
        """Return the servers that share the Redis, at most ``GOOD_SECONDS`` old. Runs on the event loop.

        While Redis does not answer, they are those that were there when it last did.
        """
        if self._clock() - self._asked_at > GOOD_SECONDS:
            self._asked_at = self._clock()
            self._servers = await self.ask() or self._servers
        return self._servers

    async def ask(self) -> tuple[RunningServer, ...]:
        """Return the servers that share the Redis now; none if it does not answer. Runs on the event loop."""
        with suppress(TimeoutError, RegistryError):  # another probe tells of it
            asked = wrap_future(self._thread.ask(lambda leases: leases.holders(WORKER)))
            return servers_of(await wait_for(asked, ANSWER_SECONDS))
        return ()
