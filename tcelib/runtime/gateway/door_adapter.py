# ruff: noqa: N802  the names that TCE's users know
"""DoorAdapter: the adapter of an endpoint at which clients of a gateway come in."""

from dataclasses import replace
from typing import Any, Self

from tcelib.core.adapter import RpcCommAdapter
from tcelib.core.connection import RpcConnection
from tcelib.core.servant import Servant
from tcelib.runtime.gateway.gateway import Gateway
from tcelib.transport.option import Options


class DoorAdapter(RpcCommAdapter):
    """Serves the interfaces of its servants; calls of all others go where the gateway sends them."""

    def __init__(self, id: str, ep: Any, gateway: Gateway) -> None:  # noqa: A002
        super().__init__(id, ep)
        self._gateway = gateway
        self.is_silent = gateway.is_silent(ep.name)

    def limit(self, options: Options) -> Options:
        """Return the options of a listener that keeps the limits of the gateway."""
        guard = self._gateway.guard
        return replace(
            options,
            guard=guard,
            connect_seconds=guard.limits.handshake_seconds,
            idle_seconds=guard.limits.idle_seconds,
            max_packet_bytes=guard.limits.packet_bytes,
            max_unsent_bytes=guard.limits.unsent_bytes,
        )

    def addServant(self, servant: Servant) -> Self:
        """See ``RpcCommAdapter``."""
        super().addServant(servant)
        self._gateway.serve_here(self.routes)
        return self

    def enter(self, conn: RpcConnection) -> None:
        """See ``RpcCommAdapter``. A client that is connected has a user id, unless ids are checked."""
        super().enter(conn)
        if conn.is_open:
            self._gateway.meet(self.ep.name, conn)

    def leave(self, conn: RpcConnection) -> None:
        """See ``RpcCommAdapter``."""
        super().leave(conn)
        if not conn.is_open:
            self._gateway.part(conn)
