"""Rights by Django group: the real-time prices of an exchange are for the group that has paid for them."""

from typing import Any

from rtserver.user.identity import Identity
from rtserver.user.policy import Policy, Verdict

EXCHANGES = {"LME": "metal traders", "LSE": "stock traders"}
"""The group that sees an exchange's quotes. Every user sees the other exchanges."""

ROOMS = {"floor": "metal traders"}
"""The group that may be in a room of the chat. Every user may be in the other rooms."""

RATES = {"metal traders": 20.0, "stock traders": 10.0}
"""Most updates a second of each chart. The best of a user's groups counts."""

GUEST_RATE = 1.0
STAFF_MESSAGES = frozenset({"todo"})


class GroupPolicy(Policy):
    """Rules by group. Groups are looked up with the session, and again when the site reports a change."""

    needs_groups = True

    def may_subscribe(self, user: Identity, service: str, request: Any) -> Verdict:
        """Allow the quotes of the user's exchanges, and the user's rooms. ``request`` is as the client sent it."""
        if service == "chat":
            group = ROOMS.get(request["room"])
            return group is None or group in user.groups or f"the room {request['room']} is for {group}"
        if service != "quotes":
            return True
        exchange = request["quote"].partition(":")[0]
        group = EXCHANGES.get(exchange)
        return group is None or group in user.groups or f"quotes of {exchange} are for {group}"

    def may_send(self, user: Identity, msg_type: str) -> Verdict:
        """Forbid one message type to guests."""
        return msg_type not in STAFF_MESSAGES or user.name != "guest"

    def may_call(self, user: Identity, operation: str) -> Verdict:
        """Forbid carts to guests."""
        return not operation.startswith("shop.ICart.") or user.name != "guest"

    def max_rate(self, user: Identity) -> float | None:
        """Return the best rate of the user's groups; a user without a group gets one update a second."""
        return max((RATES[group] for group in user.groups if group in RATES), default=GUEST_RATE)
