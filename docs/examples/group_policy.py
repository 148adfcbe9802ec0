"""Who may see which quotes, by Django group: real-time prices of an exchange are for those who have paid for them."""

from typing import Any

from rtserver.user.identity import Identity
from rtserver.user.policy import Policy, Verdict

EXCHANGES = {"LME": "metal traders", "LSE": "stock traders"}
"""The group that sees an exchange's quotes. Exchanges that are not named are for everyone."""

RATES = {"metal traders": 20.0, "stock traders": 10.0}
"""Updates a second, at most, of each chart; of several groups the best one counts."""

GUEST_RATE = 1.0
STAFF_MESSAGES = frozenset({"todo"})


class GroupPolicy(Policy):
    """Groups are looked up with the session, and again when the site says that they have changed."""

    needs_groups = True

    def may_subscribe(self, user: Identity, service: str, request: Any) -> Verdict:
        """``request["quote"]`` is EXCHANGE:ITEM:DATE."""
        if service != "quotes":
            return True
        exchange = request["quote"].partition(":")[0]
        group = EXCHANGES.get(exchange)
        return group is None or group in user.groups or f"quotes of {exchange} are for {group}"

    def may_send(self, user: Identity, msg_type: str) -> Verdict:
        """A message type that is not for guests."""
        return msg_type not in STAFF_MESSAGES or user.name != "guest"

    def may_call(self, user: Identity, operation: str) -> Verdict:
        """Guests have no cart."""
        return not operation.startswith("shop.ICart.") or user.name != "guest"

    def max_rate(self, user: Identity) -> float | None:
        """Whoever is in no group sees a price a second."""
        return max((RATES[group] for group in user.groups if group in RATES), default=GUEST_RATE)
