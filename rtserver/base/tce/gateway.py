"""The servant by which binary clients send user messages: what a text frame is to a browser (``rtserver.idl``)."""

from collections.abc import Awaitable
from typing import cast

from rtserver.base.tce.rpc_transport import RpcTransport
from rtserver.idl import rtserver_low
from rtserver.idl.rtserver import IUserGateway
from tcelib.core.connection import RpcContext
from tcelib.core.servant import Answer
from tcelib.wire.text import encode_text


class UserGateway(IUserGateway, rtserver_low.IUserGateway):
    """One object serves all connections of a server, each of which has its ``RpcTransport`` for a transport.

    It is served by both of its indexes. The lower one is for clients in C++.
    """

    def send(self, json: str, ctx: RpcContext) -> Answer[None]:
        """One user message. The call is answered when it has been handled, its own answer comes as ``onMessage``."""
        handled = cast(RpcTransport, ctx.conn.transport).on_text(encode_text(json))
        return None if handled is None else _until(handled)

    def ping(self, text: str, ctx: RpcContext) -> str:
        """For a client that wants to know whether anybody is there."""
        return text


async def _until(handled: Awaitable[object]) -> None:
    await handled
