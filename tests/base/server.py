"""Servers of connections for tests, from options by name: bounds, rates, limits of log-ins."""

from dataclasses import fields
from typing import Any, TypeVar

from rtserver.base.connection.shared import ConnectionBounds
from rtserver.base.listener.upgrade import WebSocketServer
from rtserver.base.tce.server import TceServer
from rtserver.base.tce.shared import TceShared
from tcelib.core.adapter import RpcCommAdapter
from tcelib.limit.admission import Admission

BOUNDS = {field.name for field in fields(ConnectionBounds)}
TCE_OPTIONS = {"max_packet_bytes", "login_seconds"}
S = TypeVar("S", bound=WebSocketServer)


def build_tce(admission: Admission, options: dict[str, Any], adapter: RpcCommAdapter | None = None) -> TceServer:
    """Return the TCE side for the options that concern it; the others are passed over."""
    own = {name: value for name, value in options.items() if name in TCE_OPTIONS}
    return TceServer(TceShared(adapter or RpcCommAdapter("test"), admission, **own))


def build_server(
    kind: type[S], handler: Any, admission: Admission, tce: TceServer, options: dict[str, Any], **more: Any
) -> S:
    """Return a server for the options that concern it. To be called on the event loop."""
    bounds = {name: value for name, value in options.items() if name in BOUNDS}
    own = {name: value for name, value in options.items() if name not in BOUNDS | TCE_OPTIONS}
    return kind(handler, ConnectionBounds(**bounds), tce=tce, admission=admission, **own, **more)
