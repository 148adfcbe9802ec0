"""AdminServer: ``/healthz``, ``/readyz`` and ``/metrics`` of a gateway, for monitors, at an address of their own."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import gevent.pool
import gevent.pywsgi

from tcelib.gateway.operation_name import OperationNames
from tcelib.gateway.state import GatewayState
from tcelib.runtime.gateway.idl_names import operations_of
from tcelib.runtime.gateway.reading import Reading
from tcelib.runtime.gateway.traffic_page import CONTENT_TYPE, TrafficPage

MOST_CONNECTIONS = 64
JSON = "application/json"
log = logging.getLogger("tce.gateway")


class AdminServer:
    """Server at ``address``, "host:port"; a port of 0 is any free one. ``readings`` are what makes a gateway ready.

    ``limits`` counts the times that each limit was met.

    Listens at once. Raises ``ValueError`` for what is no address, ``OSError`` if it cannot listen there.
    """

    def __init__(
        self,
        address: str,
        state: GatewayState,
        names: OperationNames,
        readings: Callable[[], Iterable[Reading]],
        limits: Mapping[str, int],
    ) -> None:
        self._page = TrafficPage(state, names, limits)
        self._readings = readings
        self._server = gevent.pywsgi.WSGIServer(
            _parts_of(address), self._answer, log=None, error_log=log, spawn=gevent.pool.Pool(MOST_CONNECTIONS)
        )
        self._server.start()
        self.port: int = self._server.server_port

    def close(self) -> None:
        """Stop listening, and end what is under way."""
        self._server.stop(timeout=0)

    def _answer(self, environ: Mapping[str, Any], start: Callable[..., object]) -> list[bytes]:
        status, kind, body = self._page_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        headers = {
            "Content-Type": kind,
            "Content-Length": f"{len(body)}",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        start(status, list(headers.items()))
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _page_of(self, method: str, path: str) -> tuple[str, str, bytes]:
        if method not in ("GET", "HEAD"):
            return "405 Method Not Allowed", "text/plain", b"only GET and HEAD\n"
        if path == "/metrics":
            return "200 OK", CONTENT_TYPE, self._page.render()
        if path == "/healthz":
            return "200 OK", JSON, b'{"alive":true}'
        if path == "/readyz":
            readings = list(self._readings())
            is_ready = all(reading.ok for reading in readings)
            answer = {"ready": is_ready, "checks": [reading._asdict() for reading in readings]}
            return "200 OK" if is_ready else "503 Service Unavailable", JSON, json.dumps(answer).encode()
        return "404 Not Found", "text/plain", b"there are /healthz, /readyz and /metrics\n"


def names_of(interfaces: Mapping[str, int], idl: Sequence[str]) -> OperationNames:
    """Return the names of operations that the files ``idl`` give them; ``interfaces`` are those of services.xml.

    Raises ``ValueError`` for mistakes in these files.
    """
    return OperationNames(interfaces, operations_of(idl) if idl else None)


def _parts_of(address: str) -> tuple[str, int]:
    parts = urlsplit(f"//{address}")
    port = parts.port
    if not parts.hostname or port is None or parts.path:
        raise ValueError(f"no host:port: {address!r}")
    return parts.hostname, port
