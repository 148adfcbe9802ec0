"""Servant by which binary clients send user messages, as a browser does by text frames (``rtserver.idl``)."""

from collections.abc import Awaitable
from typing import cast

from rtserver.base.tce.rpc_transport import RpcTransport
from rtserver.idl import rtserver_low
from rtserver.idl.rtserver import IUserGateway
from tcelib.core.connection import RpcContext
from tcelib.core.servant import Answer
from tcelib.wire.text import encode_text


class UserGateway(IUserGateway, rtserver_low.IUserGateway):
    """Gateway of all connections of a server; the transport of each is an ``RpcTransport``.

    It has two indexes. The lower one is for clients in C++.
    """

    def send(self, json: str, ctx: RpcContext) -> Answer[None]:
        """Handle one user message. The call returns when that is done; the answer comes as ``onMessage``."""
        handled = cast(RpcTransport, ctx.conn.transport).on_text(encode_text(json))
        return None if handled is None else _until(handled)

    def ping(self, text: str, ctx: RpcContext) -> str:
        """Return the text, for a client that checks its connection."""
        return text


async def _until(handled: Awaitable[object]) -> None:
    await handled
