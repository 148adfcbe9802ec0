"""The head of an HTTP/1.1 request (RFC 9112), as far as a WebSocket handshake needs it: bytes in, headers out.

Strict where a lenient reader could be led to see another request than the proxy before it did: no folded lines, no
blanks around names, no bare line feeds, no bytes that a header may not hold, no second ``Host``.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from rtserver.base.wire.handshake import HandshakeError

END = b"\r\n\r\n"
MAX_HEAD_BYTES = 16_384

_REQUEST_LINE = re.compile(r"GET ([\x21-\x7e]+) HTTP/1\.1")
# The blanks around a value are stripped afterwards: an expression that may give them to the one side or the other
# tries every way to do so before it refuses a header, which for 16 KiB of blanks takes hours.
_HEADER = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\x00-\x08\x0a-\x1f\x7f]*)")


class HttpHead(NamedTuple):
    """A request without a body. ``headers`` by name in lower case; what was sent in several lines is joined."""

    target: str
    headers: Mapping[str, str]


def parse_head(head: bytes) -> HttpHead:
    """The request in ``head``, which ends before the empty line. Raises ``HandshakeError`` (400)."""
    first, *lines = head.decode("latin-1").split("\r\n")
    request = _REQUEST_LINE.fullmatch(first)
    if request is None:
        raise HandshakeError(400, "not a GET request of HTTP/1.1")
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
    return HttpHead(request[1], headers)
