"""WebApplication: the outermost layer of HTTP, which settles the sender of a request and the headers of every answer.

It holds for all routes alike, the demo's pages, files and errors included. It removes a proxy's headers from the
request once ``wire.forwarded`` has read them, so that nothing behind this layer believes them a second time.
"""

from asyncio import Future
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

from tornado.httputil import HTTPConnection, HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.web import Application, RequestHandler

from rtserver.base.wire.forwarded import (
    FORWARDED_FOR,
    FORWARDED_PROTO,
    Networks,
    forwarding_names,
    is_within,
    sender_of,
)

SAFE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-site",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of every answer that does not set its own: no foreign content, no frame, no guessing of types."""

Route: TypeAlias = tuple[str, type[RequestHandler]] | tuple[str, type[RequestHandler], dict[str, Any]]
"""A path, its handler, and the handler's arguments."""

HSTS = "Strict-Transport-Security"


class WebApplication(Application):
    """Tornado's application behind that layer. ``trusted`` are the proxies; ``hsts`` is as in ``SafeAnswer``."""

    def __init__(self, routes: list[Route], *, trusted: Networks = (), hsts: str | None = None) -> None:
        super().__init__(routes)
        self._trusted = trusted
        self._hsts = hsts

    def find_handler(self, request: HTTPServerRequest, **more: object) -> Any:
        """Called by Tornado for each request, before any other code sees it."""
        direct_peer = settle_sender(request, self._trusted)
        assert request.connection is not None
        request.connection = cast(HTTPConnection, SafeAnswer(request.connection, self._hsts, direct_peer))
        return super().find_handler(request, **more)


class SafeAnswer:
    """Connection of a request on which no answer leaves without ``SAFE_HEADERS``, nor with the server's version.

    ``hsts`` is the Strict-Transport-Security of a server that speaks TLS itself: empty for none at all, None if a
    proxy speaks TLS, or nobody, and the pages decide. ``direct_peer`` is the result of ``settle_sender``.
    """

    def __init__(self, connection: HTTPConnection, hsts: str | None = None, direct_peer: str | None = None) -> None:
        self._connection = connection
        self._hsts = hsts
        self.direct_peer = direct_peer

    def write_headers(
        self, start_line: ResponseStartLine, headers: HTTPHeaders, chunk: bytes | None = None
    ) -> Future[None]:
        """Called by Tornado once per answer."""
        for name, value in SAFE_HEADERS.items():
            headers.setdefault(name, value)
        headers["Server"] = "rtserver"
        if self._hsts is not None:
            headers.pop(HSTS, None)
            if self._hsts:
                headers[HSTS] = self._hsts
        return self._connection.write_headers(start_line, headers, chunk)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def settle_sender(request: HTTPServerRequest, trusted: Networks) -> str | None:
    """Put the real sender into ``remote_ip`` and ``protocol``, and remove what must not be believed any more.

    Names with an underscore go as well: for WSGI and CGI ``X_Forwarded_Proto`` is the same as ``X-Forwarded-Proto``,
    and a proxy that replaces the one lets the other pass.

    Return the address of a peer that asks for itself. None for a proxy of ours, whatever it says, and for a request
    with any header that only proxies send. A proxy that is not ``trusted`` and sends none looks like a client.
    """
    headers = request.headers
    peer = request.remote_ip or ""
    marks = forwarding_names(headers)
    is_direct = not (marks or is_within(peer, trusted))
    lines = {name: headers[name] for name in (FORWARDED_FOR, FORWARDED_PROTO) if name in headers}
    sender = sender_of(peer, lines, trusted, is_secure=request.protocol == "https")
    request.remote_ip = sender.remote_ip
    request.protocol = "https" if sender.is_secure else "http"
    _remove(headers, [*marks, *(name for name in headers if "_" in name)])
    return peer if is_direct else None


def direct_peer(request: HTTPServerRequest) -> str | None:
    """Return the result of ``settle_sender`` for a request of a ``WebApplication``; None for any other request."""
    return getattr(request.connection, "direct_peer", None)


def _remove(headers: HTTPHeaders, names: Iterable[str]) -> None:
    for name in names:
        headers.pop(name, None)
