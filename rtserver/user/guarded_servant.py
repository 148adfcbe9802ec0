"""Policy checks for the calls of binary clients. A call that is forbidden never reaches its servant."""

from collections.abc import Callable
from typing import Any

from rtserver.base.tce.gateway import UserGateway
from rtserver.user.policy import Rights
from tcelib.core.operation import Operation
from tcelib.core.servant import Method, ServantTable


def guard_calls(table: ServantTable, rights: Rights) -> None:
    """Have the policy asked about each call that ``table`` leads to.

    ``UserGateway`` is left out: its calls carry user messages, and each of those is checked as a message.
    """

    def guarded(operation: Operation[Any], method: Method) -> Method:
        if isinstance(getattr(method, "__self__", None), UserGateway):
            return method
        return _guarded(rights, operation.full_name, method)

    table.guard(guarded)


def _guarded(rights: Rights, operation: str, method: Method) -> Callable[..., object]:
    def call(*args: Any) -> object:
        """Check and call. ``args`` end with the ``RpcContext``, whose user is the connection's agent."""
        rights.check_call(args[-1].user.user, operation)
        return method(*args)

    return call
