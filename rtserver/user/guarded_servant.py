"""Servants of a team's own behind the policy: a call that its user may not make is refused before it is served."""

from collections.abc import Callable
from typing import Any

from rtserver.base.tce.gateway import UserGateway
from rtserver.user.policy import Policy, Rights
from tcelib.core.servant import Method, ServantTable


def guard_calls(table: ServantTable, rights: Rights) -> None:
    """Have the policy asked about each call that ``table`` leads to, if it has a rule for that.

    Not about our own gateway: what comes by it are user messages, and judged as such.
    """
    if type(rights.policy).may_call is Policy.may_call:
        return
    for route, (operation, method) in tuple(table.routes.items()):
        if not isinstance(getattr(method, "__self__", None), UserGateway):
            table.routes[route] = operation, _guarded(rights, operation.full_name, method)


def _guarded(rights: Rights, operation: str, method: Method) -> Callable[..., Any]:
    def call(*args: Any) -> Any:
        """``args`` end with the ``RpcContext``, whose user is the connection's agent."""
        rights.check_call(args[-1].user.user, operation)
        return method(*args)

    return call
