"""One request of a monitor and its answer, as bytes (RFC 9112). Pure; a connection carries one of each."""

from collections.abc import Mapping
from dataclasses import dataclass

END_OF_HEAD = b"\r\n\r\n"
MOST_BYTES = 16_384
REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}
REASONS |= {503: "Service Unavailable"}
JSON, TEXT = "application/json", "text/plain; charset=UTF-8"


@dataclass(frozen=True)
class Request:
    """Head of a request. The names of the headers are in lower case; of two of one name the last one counts."""

    method: str
    path: str
    headers: Mapping[str, str]


class BadRequestError(Exception):
    """The bytes that came are no request."""


def read_request(data: bytes) -> Request | None:
    """Return the request that begins ``data``, None if its head is not complete. Raises ``BadRequestError``."""
    head, end, _ = data.partition(END_OF_HEAD)
    if not end:
        if len(data) > MOST_BYTES:
            raise BadRequestError
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise BadRequestError
    fields = [line.partition(":") for line in lines]
    if not all(name and colon for name, colon, _ in fields):
        raise BadRequestError
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    return Request(words[0], words[1].partition("?")[0], headers)


def answer_of(status: int, body: bytes, content_type: str, *, has_body: bool = True) -> bytes:
    """Return an answer after which the connection is closed; without its body for HEAD."""
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nServer: rtserver\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + (body if has_body else b"")
