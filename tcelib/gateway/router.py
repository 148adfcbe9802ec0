"""The routing core of a gateway (TCE protocol, section 6.4): head and extra values of a message in, an action out.

    call of a client      served here                SERVE
                          unknown interface          ANSWER 4
                          no user id, and needs one  ANSWER 103
                          nobody reads the queue     ANSWER 101; WRITE a one-way call: it may wait there
                          extra values cut, too many ANSWER 5
                          too many calls wait        HOLD
                          otherwise                  WRITE to a queue, or CALL a service
    answer of a client    to a call of this program  SERVE; any other leads nowhere: DROP
    call of a service     served here                SERVE
                          to a user who is here      DELIVER
                          to another one             PASS it on if it is one-way, and on no topic; WRITE an error
                                                     where the service waits for an answer; otherwise DROP
    answer of a service   to a call of this program  SERVE
                          to a client's that waits   DELIVER
                          to any other               DROP
    deadline of a call                               ANSWER 2
    call that was not passed on                      ANSWER 101
    call whose service is lost                       ANSWER 104

Where a call is one-way, or its endpoint has ``errors="silence"``, DROP stands in the place of ANSWER. Parameters are
never looked at.

A call goes on as it came, with bit 15 in its ``call_id``, the queue of its answers and the user's id in front of its
other extra values, and nothing of those two that the client has said. Its answer comes back as the service wrote it.
In between, the low bits of ``call_id``, which answers repeat, tell the connections of one user apart. Without them,
the answer to a call of a page that is gone would be taken for that of a call to which the next page gave the
same number.

Pure: no clock, no sockets, no waiting. A router belongs to one thread.
"""

from tcelib.gateway.client_side import ClientSide
from tcelib.gateway.service_side import ServiceSide
from tcelib.gateway.state import GatewayState
from tcelib.gateway.table import RoutingTable
from tcelib.gateway.user_id import UserIds


class Router:
    """Both sides of one gateway, and the state that they share."""

    def __init__(self, table: RoutingTable, user_ids: UserIds | None = None) -> None:
        self.state = GatewayState(table)
        self.clients = ClientSide(self.state, user_ids or UserIds())
        self.services = ServiceSide(self.state)
