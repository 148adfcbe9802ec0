"""Rules about what users may do, and their enforcement.

By default every logged-in user may do everything. The setting ``policy`` names a subclass of ``Policy`` with other
rules. Rules run on the websocket thread and must not wait; what they need to know of a user is looked up with the
session.
"""

import logging
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TypeAlias

from rtserver.base.wire.client_message import BadMessage, ErrorCode
from rtserver.user.identity import Identity

log = logging.getLogger(__name__)

Verdict: TypeAlias = bool | str
"""True to allow, False to forbid, or a text that forbids and tells the user why."""

ServiceRequest: TypeAlias = Any
"""A request to a service, as plain data: for "quotes" a dictionary. The service checks its shape."""

REASONS = {
    "subscribe": "you may not subscribe to {}",
    "send": 'you may not send messages of type "{}"',
    "call": "you may not call {}",
}
"""Texts for users where the policy gives no reason. Each is formatted with the rule's first subject."""


class Policy:
    """The default rules, which allow everything. Subclass it and override the rules that differ.

    Each rule may be called at any time. The subscriptions of a user are checked again when the user has changed.
    """

    needs_groups: ClassVar[bool] = False
    """True to have ``user.groups`` looked up: the names of the user's Django groups. It costs a query per look-up."""

    def may_subscribe(self, user: Identity, service: str, request: ServiceRequest) -> Verdict:
        """Judge a subscription to a service.

        A request to "quotes" is ``{"quote": "EXCHANGE:ITEM:DATE", "period": seconds, "indicators": [...]}``.
        """
        return True

    def may_send(self, user: Identity, msg_type: str) -> Verdict:
        """Judge a message by its type. The type has a handler; ``ping`` is one of them."""
        return True

    def may_call(self, user: Identity, operation: str) -> Verdict:
        """Judge a call of a servant of your own by the operation's full name, such as "shop.ICart.add"."""
        return True

    def max_rate(self, user: Identity) -> float | None:
        """Return the most updates a second that a chart or a topic of the user gets; None for no bound."""
        return None


class ForbiddenError(BadMessage):
    """A request that the policy forbids. ``message`` tells the user why."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.FORBIDDEN, message)


class Rights:
    """A policy as the server asks it. A check raises ``ForbiddenError`` for what is not allowed, and counts it.

    Only True allows. A rule that fails, or that returns nothing by mistake, forbids. ``max_rate`` bounds the rates
    of all users.
    """

    check_subscribe: Callable[[Identity, str, ServiceRequest], None]
    """Check a user, a service's name and a request. Raises ``ForbiddenError``."""
    check_send: Callable[[Identity, str], None]
    """Check a user and a message type. Raises ``ForbiddenError``."""
    check_call: Callable[[Identity, str], None]
    """Check a user and the full name of an operation. Raises ``ForbiddenError``."""

    def __init__(self, policy: Policy, *, max_rate: float | None = None) -> None:
        self.policy = policy
        self._max_rate = max_rate
        self.refusals: Counter[str] = Counter({"subscribe": 0, "send": 0, "call": 0})
        self.check_subscribe = self._checks("subscribe", policy.may_subscribe, Policy.may_subscribe)
        self.check_send = self._checks("send", policy.may_send, Policy.may_send)
        self.check_call = self._checks("call", policy.may_call, Policy.may_call)

    def max_rate(self, user: Identity) -> float | None:
        """Return how many updates a second a chart or a topic may have: the policy's bound or the common one."""
        own, common = self.policy.max_rate(user), self._max_rate
        if own is None or common is None:
            return common if own is None else own
        return min(own, common)

    def _checks(self, what: str, rule: Callable[..., Verdict], default: object) -> Callable[..., None]:
        """Return a check by ``rule``; for the default rule, one that allows everything without asking it."""
        return _allow if getattr(rule, "__func__", None) is default else partial(self._check, what, rule)

    def _check(self, what: str, rule: Callable[..., Verdict], user: Identity, *about: object) -> None:
        verdict: Verdict
        try:
            verdict = rule(user, *about)
        except BaseException:  # a policy may raise anything, and all of it forbids
            log.exception("! the policy failed on %r of %s, which forbids it", about, user.name)
            verdict = False
        if verdict is not True:
            self.refusals[what] += 1
            reason = verdict if isinstance(verdict, str) and verdict else REASONS[what].format(about[0])
            raise ForbiddenError(reason)


def _allow(_user: Identity, *_about: object) -> None:
    """Check nothing."""
