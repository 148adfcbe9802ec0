"""Opening handshake of RFC 6455, section 4.2, as pure functions of the request's headers.

Decides whether a request may become a WebSocket, and the answer. Decides nothing about the client's user. Headers are
mappings by name in lower case.
"""

import re
from base64 import b64encode
from collections.abc import Collection, Mapping
from hashlib import sha1
from http import HTTPStatus
from urllib.parse import urlsplit

MAX_ORIGIN_SHOWN = 100  # in the answer and in the log: anybody can cause its lines
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
ACCEPT_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # section 1.3
SESSION_HEADER = "Rtserver-Session"

_KEY = re.compile(r"[A-Za-z0-9+/]{22}==")
"""Sixteen bytes in base64."""

_WEBSOCKET = re.compile(r"(?:\A|,)\s*websocket\s*(?:,|\Z)", re.IGNORECASE)
_UPGRADE = re.compile(r"(?:\A|,)\s*upgrade\s*(?:,|\Z)", re.IGNORECASE)
"""Each matches one token of a list, as in ``keep-alive, Upgrade`` (RFC 9110, section 5.6.1)."""


class HandshakeError(Exception):
    """Refusal of a request. ``status`` and ``headers`` are those of the HTTP answer."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.headers = dict(headers or {})

    def __str__(self) -> str:
        return f"{self.reason} ({self.status})"


def accept_value(headers: Mapping[str, str]) -> str:
    """Return the ``Sec-WebSocket-Accept`` that answers these headers.

    Raises ``HandshakeError``: 426 for no upgrade or another version, 400 for a key that is not 16 bytes in base64.
    """
    if not (_WEBSOCKET.search(headers.get("upgrade", "")) and _UPGRADE.search(headers.get("connection", ""))):
        raise HandshakeError(426, "a WebSocket upgrade is expected here", {"Upgrade": "websocket"})
    if headers.get("sec-websocket-version") != "13":
        raise HandshakeError(426, "only WebSocket version 13 is spoken here", {"Sec-WebSocket-Version": "13"})
    key = headers.get("sec-websocket-key", "").strip()
    if not _KEY.fullmatch(key):
        raise HandshakeError(400, "Sec-WebSocket-Key is not 16 bytes in base64")
    return b64encode(sha1(key.encode() + ACCEPT_SUFFIX).digest()).decode()


def answer(accept: str, extension: str | None = None) -> bytes:
    """Return the 101 that opens the WebSocket, with the ``extension`` that was agreed on."""
    agreed = "" if extension is None else f"Sec-WebSocket-Extensions: {extension}\r\n"
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n{agreed}\r\n"
    ).encode()


def refusal(error: HandshakeError) -> bytes:
    """Return the answer that refuses a request, with the reason as text for people."""
    body = f"{error.reason}\n".encode()
    fields = {
        **error.headers,
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Length": str(len(body)),
        "X-Content-Type-Options": "nosniff",
    }
    return _head(error.status, fields) + body


def session_holds(origin: str | None) -> bytes:
    """Return the 204 for a page that asks over plain HTTP whether its session holds."""
    return _head(HTTPStatus.NO_CONTENT, readable_by(origin))


def readable_by(origin: str | None) -> dict[str, str]:
    """Return headers that let a page of ``origin``, and no other, read the answer (Fetch Standard, section 3.3).

    ``Rtserver-Session`` marks this server's answers: a captive network, or a firewall in front of the site, may send
    401 or 403, too. A page of the own host sends no Origin. Another site's page may load the address as an
    image or a script, which shows whether the status was an error; Cross-Origin-Resource-Policy makes all of these
    loads fail.
    """
    own_sites = {SESSION_HEADER: "answered", "Cross-Origin-Resource-Policy": "same-site", "Vary": "Origin"}
    if origin is None:
        return own_sites
    allowed = {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}
    return {**own_sites, **allowed, "Access-Control-Expose-Headers": SESSION_HEADER}


def _head(status: int, fields: Mapping[str, str]) -> bytes:
    fields = {**fields, "Cache-Control": "no-store", "Connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}\r\n".encode()


def check_origin(origin: str | None, host: str, allowed: Collection[str] = (), *, is_secure: bool = False) -> None:
    """Raise ``HandshakeError`` (403) for a page of another site (section 10.2).

    A browser always names the page's origin; a client that names none is no browser, and carries no other's cookies.
    ``allowed`` holds origins beyond the own host as ``normal_origin`` writes them, or "*". Over TLS (``is_secure``),
    a page that came without TLS is another site, because anybody on the way may have written it. Without TLS both may
    connect, because an unknown proxy may speak TLS for us.
    """
    if origin is None or "*" in allowed or origin.lower() in allowed:
        return
    if not _is_own(origin, host, ("https",) if is_secure else ("https", "http")):
        raise HandshakeError(403, f"origin {origin[:MAX_ORIGIN_SHOWN]!r} is not allowed; see allowed_origins")


def _is_own(origin: str, host: str, schemes: Collection[str]) -> bool:
    try:
        scheme, netloc, *_ = urlsplit(origin)
    except ValueError:
        return False
    if scheme not in schemes or not netloc:
        return False
    # Browsers leave the scheme's own port out of both; proxies do not always.
    port = DEFAULT_PORTS[scheme]
    return netloc.lower().removesuffix(port) == host.lower().removesuffix(port)
