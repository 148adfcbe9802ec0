"""Head of an HTTP/1 request (RFC 9112): bytes in, headers out.

Strict where a lenient reader could see another request than the proxy before it did: no folded lines, no
blanks around names, no bare line feeds, no bytes that a header may not hold, no second ``Host``, and one way to tell
where the body ends.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from rtserver.base.wire.handshake import HandshakeError

END = b"\r\n\r\n"
MAX_HEAD_BYTES = 16_384

_REQUEST_LINE = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP/1\.([01])")
# Blanks around a value are stripped afterwards: an expression that may give them to either side tries every way
# before it refuses a header, which takes hours for 16 KiB of blanks.
_HEADER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\x00-\x08\x0a-\x1f\x7f]*)")


_LENGTH = re.compile(r"[0-9]{1,18}")


class HttpHead(NamedTuple):
    """Request without its body. ``headers`` by name in lower case; several lines of one name are joined."""

    target: str
    headers: Mapping[str, str]
    method: str
    minor_version: int


def parse_request(head: bytes) -> HttpHead:
    """Return any request of HTTP/1.0 or 1.1; ``head`` ends before the empty line.

    Raises ``HandshakeError`` (400).
    """
    first, *lines = head.decode("latin-1").split("\r\n")
    parts = _REQUEST_LINE.fullmatch(first)
    if parts is None:
        raise HandshakeError(400, "not a request of HTTP/1.1")
    headers, minor_version = _headers_of(lines), int(parts[3])
    encoding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if encoding is not None or length is not None:
        _check_body_length(encoding, length, minor_version)
    return HttpHead(parts[2], headers, parts[1], minor_version)


def has_bare_line_feed(head: bytes) -> bool:
    """Return whether a line ends without a carriage return: some readers end the head there, others do not."""
    return head.count(b"\n") != head.count(b"\r\n")


def _headers_of(lines: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise HandshakeError(400, "a header that is none")
        name = header[1].lower()
        value = header[2].strip(" \t")
        known = headers.get(name)
        if known is None:
            headers[name] = value
        elif name == "host":
            raise HandshakeError(400, "more than one Host")  # RFC 9112, section 3.2
        else:
            headers[name] = f"{known}{'; ' if name == 'cookie' else ', '}{value}"
    return headers


def _check_body_length(encoding: str | None, length: str | None, minor_version: int) -> None:
    """Apply RFC 9112, section 6.3, without its repairs: a proxy on the way may have repaired differently."""
    if encoding is not None:
        if length is not None:
            raise HandshakeError(400, "both Content-Length and Transfer-Encoding")
        if encoding.lower() != "chunked" or minor_version == 0:
            raise HandshakeError(400, "a Transfer-Encoding other than chunked, or in HTTP/1.0")
    elif length is not None and not _LENGTH.fullmatch(length):
        raise HandshakeError(400, "a Content-Length that is no number, or more than one")
