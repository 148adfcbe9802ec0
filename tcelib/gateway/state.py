"""State that both sides of a gateway share."""

from collections import Counter

from tcelib.gateway.action import DROPS, Action
from tcelib.gateway.table import RoutingTable
from tcelib.gateway.traffic import Traffics
from tcelib.gateway.verb import Reason


class GatewayState:
    """Routing table, what the shell says of its surroundings, and counters.

    ``local`` has the indexes of the interfaces that this program serves itself, ``away`` names the queues and
    services that nobody reads: the shell keeps both. With ``finds_users`` it passes messages on to users who are at
    another gateway. ``refused`` counts the errors that were sent, ``dropped`` the messages that went nowhere, both by
    reason. ``traffic`` counts the calls of clients by operation, once somebody has asked for it: ``count_calls``.
    """

    __slots__ = ("away", "dropped", "finds_users", "local", "refused", "table", "traffic")

    def __init__(self, table: RoutingTable) -> None:
        self.table = table
        self.local: set[int] = set()
        self.away: set[str] = set()
        self.finds_users = False
        self.refused: Counter[Reason] = Counter()
        self.dropped: Counter[Reason] = Counter()
        self.traffic: Traffics | None = None

    def count_calls(self) -> None:
        """Count calls by operation from now on, those that wait included. Costs half a microsecond a call."""
        if self.traffic is not None:
            return
        doors = self.table.doors.values()
        self.traffic = Traffics({index: way.timeout for door in doors for index, way in door.calls.items()})
        for waiting in (client.waiting for door in doors for client in door.clients):
            for key, ticket in waiting.items():
                self.traffic.of_call(key, ticket).calls += 1

    def end_call(self, key: int, ticket: int, errcode: int = 0) -> None:
        """Count a call that had waited and ended without an answer of a service."""
        if self.traffic is not None:
            self.traffic.of_call(key, ticket).end(errcode)

    def refuse_call(self, route: int, errcode: int) -> None:
        """Count a call that was not passed on."""
        if self.traffic is not None:
            traffic = self.traffic[route]
            traffic.calls += 1
            traffic.end(errcode)

    def drop(self, reason: Reason) -> Action:
        """Return the action for a message that goes nowhere, and count it."""
        self.dropped[reason] += 1
        return DROPS[reason]
