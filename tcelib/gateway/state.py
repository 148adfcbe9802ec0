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
    reason. ``traffic`` counts the calls of clients, by operation.
    """

    __slots__ = ("away", "dropped", "finds_users", "local", "refused", "table", "traffic")

    def __init__(self, table: RoutingTable) -> None:
        self.table = table
        self.local: set[int] = set()
        self.away: set[str] = set()
        self.finds_users = False
        self.refused: Counter[Reason] = Counter()
        self.dropped: Counter[Reason] = Counter()
        ways = (calls for door in table.doors.values() for calls in door.calls.items())
        self.traffic = Traffics({interface: way.timeout for interface, way in ways})

    def drop(self, reason: Reason) -> Action:
        """Return the action for a message that goes nowhere, and count it."""
        self.dropped[reason] += 1
        return DROPS[reason]
