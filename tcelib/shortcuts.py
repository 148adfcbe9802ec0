# ruff: noqa: N802  the names that TCE's users know
"""Functions that servants behind a gateway often need (TCE protocol, section 4)."""

from collections.abc import Callable
from typing import Any, overload

from tcelib.core.connection import RpcContext
from tcelib.core.proxy import Proxy
from tcelib.error import RPCERROR_CONNECT_UNREACHABLE, RpcException
from tcelib.wire.message import MQ_RETURN, USER_ID, Extra


class Shortcuts:
    """Functions under one name, as users call them: ``tce.Shortcuts.USER_ID(ctx)``."""

    @staticmethod
    def USER_ID(ctx: RpcContext) -> str | None:
        """The user on whose behalf a gateway forwarded the call; None if it came directly."""
        return Shortcuts.getExtraValue(ctx, USER_ID)

    @staticmethod
    def MQ_RETURN(ctx: RpcContext) -> str | None:
        """The queue that the call's answers go to; None if it came over no queue."""
        return Shortcuts.getExtraValue(ctx, MQ_RETURN)

    @staticmethod
    def CALL_USER_ID(userid: object, extra: Extra | None = None) -> dict[str, object]:
        """The extra values of a call that a gateway shall deliver to ``userid``, beside those in ``extra``."""
        return {**(extra or {}), USER_ID: str(userid)}

    @staticmethod
    def push(
        user_id: object, call: Callable[..., object], *args: Any, linger: float = 0.0, extra: Extra | None = None
    ) -> bool:
        """Call a user, at whichever gateway he is now, and return true; false if he is at none.

        ``call`` is the one-way method of a proxy's class, such as ``ITerminalPrx.onMessage_oneway``. See ``Proxy.of``
        for ``linger``, and for the errors that are raised.
        """
        try:
            call(Proxy.of(user_id, linger), *args, extra=extra)
        except RpcException as failure:
            if failure.errcode == RPCERROR_CONNECT_UNREACHABLE:
                return False
            raise
        return True

    @overload
    @staticmethod
    def getExtraValue(ctx: RpcContext, name: str) -> str | None: ...

    @overload
    @staticmethod
    def getExtraValue(ctx: RpcContext, name: str, default: str) -> str: ...

    @staticmethod
    def getExtraValue(ctx: RpcContext, name: str, default: str | None = None) -> str | None:
        """An extra value of the call, or ``default``."""
        return ctx.msg.extra.props.get(name, default)
