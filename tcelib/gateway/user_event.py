"""User events: the calls by which gateways tell services who has come, and who has gone. Pure.

interface IUserEventListener{
    void onUserOnLine(string user_id, string gateway);
    void onUserOffLine(string user_id, string gateway);
};
"""

from tcelib.wire.extra_map import named
from tcelib.wire.message import CALL, ONEWAY, build_body

ON_LINE, OFF_LINE = 0, 1
"""Indexes of the operations, in the order of the interface."""
PARAMETERS = 2


def user_event(interface: int, operation: int, user_id: str, gateway: str) -> bytes:
    """Return the body of a one-way call of the interface with this index."""
    params = named(user_id) + named(gateway)
    return build_body(0, CALL | ONEWAY, interface << 16 | operation, paramsize=PARAMETERS, params=params)
