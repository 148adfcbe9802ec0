"""``NAME.operation``: calls of services behind queues, by JSON (docs/csprotocols.readme.md, *Calls of services*)."""

from collections.abc import Awaitable, Callable
from typing import Any

from rtserver.rpc.misfit import Misfit
from rtserver.rpc.operation import RpcOperation
from rtserver.user.msg_handler import BaseUserMsgHandler, RequestError, Users
from rtserver.user.rpc.json_caller import JsonCaller
from rtserver.user.user_agent import UserAgent

MODULE = "rpc"
OpenCaller = Callable[[UserAgent], JsonCaller]


class RpcMsgHandler(BaseUserMsgHandler):
    """Passes the messages of one operation on. ``open_caller`` makes the caller of an agent, at its first call."""

    def __init__(
        self, users: Users, operation: RpcOperation, open_caller: OpenCaller, part: Callable[[Any], object]
    ) -> None:
        super().__init__(users)
        self._operation = operation
        self._open_caller = open_caller
        self._part = part

    def on_useragent_request(
        self, agent: UserAgent, data: object, request_id: int | str | None
    ) -> Awaitable[None] | None:
        """Call the operation. The answer comes later, from the caller."""
        self.users.rights.check_call(agent.user, self._operation.full_name)
        try:
            params = self._operation.write_params(data)
        except Misfit as misfit:
            raise RequestError(str(misfit)) from None
        caller = agent.modules.get(MODULE)
        if caller is None:
            caller = agent.modules[MODULE] = self._open_caller(agent)
        pending: Awaitable[None] | None = caller.call(self._operation, params, request_id)
        return pending

    def on_useragent_remove(self, agent: UserAgent) -> None:
        """Forget the agent's calls; the first of these handlers does it for all."""
        caller = agent.modules.pop(MODULE, None)
        if caller is not None:
            self._part(caller)


def rpc_handler(operation: RpcOperation) -> type[RpcMsgHandler]:
    """Return the class of the handler of one operation."""

    class OperationHandler(RpcMsgHandler):
        msg_type = operation.msg_type

    return OperationHandler
