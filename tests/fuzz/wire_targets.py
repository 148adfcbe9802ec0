"""Bytes that strangers send first, the head of a handshake, and that clients send next, frames."""

import random
import sys
import zlib
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any

from rtserver.base.listener.upgrade import UpgradeRequest
from rtserver.base.queue.signature import SignatureError, Signer
from rtserver.base.wire.deflate import maybe_accept, most_deflated_bytes
from rtserver.base.wire.forwarded import is_within, read_networks, sender_of
from rtserver.base.wire.handshake import HandshakeError, accept_value, answer, check_origin, refusal
from rtserver.base.wire.http_head import has_bare_line_feed, parse_request
from rtserver.base.wire.origin import OriginError, normal_origin
from rtserver.base.wire.protocol import WebSocketProtocol
from tcelib.limit.address import MAX_TEXT, neighbourhood
from tests.fuzz.target import Target, TryOne, always
from tests.websocket_client import BINARY, CONTINUATION, PING, PONG, TEXT, close, header, masked, upgrade_request

LIMIT = 2_000
PROXIES = read_networks(["10.0.0.0/8", "fd00::/8"])
SIGNER = Signer("secret-of-the-test")
LONGEST_HEADER = 14
MOST_PIECES = 40


def make_frames(inflates: bool) -> TryOne:
    """Whole or in pieces, the same comes out; nothing escapes, and nothing but one message is kept."""

    def try_one(data: bytes) -> None:
        whole = outcome_of([data], inflates)
        assert outcome_of(pieces_of(data), inflates) == whole
        for opcode, payload in whole[0]:
            assert len(payload) <= LIMIT
            if opcode == TEXT:
                payload.decode()

    return try_one


def outcome_of(pieces: Iterable[bytes], inflates: bool) -> tuple[list[Any], ...]:
    """Return the outcome of one connection's bytes."""
    protocol = WebSocketProtocol(LIMIT, inflates=inflates)
    messages = []
    for piece in pieces:
        messages += protocol.receive(piece)
        while protocol.has_more:
            messages += protocol.receive(b"")
        protocol.settle()
        check_kept(protocol, len(piece))
    end = [protocol.state, protocol.close_code]
    return messages, protocol.outgoing, end


def check_kept(protocol: WebSocketProtocol, read: int) -> None:
    """One message, and what came at once. A bytearray takes an eighth more than it holds."""
    parts = [getattr(protocol, name) for name in protocol.__slots__]
    kept = sum(sys.getsizeof(part) for part in parts if isinstance(part, bytes | bytearray))
    assert kept <= 1.2 * (most_deflated_bytes(LIMIT) + LONGEST_HEADER + read) + 200


def pieces_of(data: bytes) -> Iterator[bytes]:
    """Cut where only the data itself says, so that an input can be tried again."""
    chance = random.Random(zlib.crc32(data))
    longest = chance.choice((1, 3, 20, 500))
    for _ in range(MOST_PIECES):
        size = chance.randint(1, longest)
        yield data[:size]
        data = data[size:]
    yield data


def try_head(data: bytes) -> None:
    """A head is a request or it is refused, and the answer is one that nobody can put anything into."""
    head = data.partition(b"\r\n\r\n")[0]
    try:
        target, headers, *_ = parse_request(head)
        request = UpgradeRequest(target, headers, "192.0.2.1")
        assert request.wants_tce in (True, False)
        accept = accept_value(headers)
        check_origin(headers.get("origin"), headers.get("host", ""), ["https://good.example"])
        extension = maybe_accept(headers.get("sec-websocket-extensions", ""))
        check_answer(answer(accept, extension))
    except HandshakeError as error:
        check_answer(refusal(error))


def try_request(data: bytes) -> None:
    """Of a request of plain HTTP that is taken, every reader finds the lines and the end of the body alike."""
    head = data.partition(b"\r\n\r\n")[0]
    try:
        headers = parse_request(head).headers
    except HandshakeError as error:
        check_answer(refusal(error))
        return
    assert not has_bare_line_feed(head)
    assert not {"content-length", "transfer-encoding"} <= set(headers)
    assert headers.get("content-length", "0").isdecimal()
    assert headers.get("transfer-encoding", "chunked").lower() == "chunked"


def try_origin(data: bytes) -> None:
    """An operator's word is an origin as browsers write it, or refused."""
    try:
        origin = normal_origin(data.decode(errors="replace"))
    except OriginError:
        return
    assert origin.isascii()
    assert normal_origin(origin) == origin


def check_answer(data: bytes) -> None:
    """One head, of lines that hold no line's end themselves, and the body that it says."""
    head, end, body = data.partition(b"\r\n\r\n")
    assert end
    first, *lines = head.split(b"\r\n")
    assert first.startswith(b"HTTP/1.1 ")
    fields = dict(line.split(b": ", 1) for line in lines)
    assert not any(b"\r" in line or b"\n" in line for line in (first, *lines))
    assert len(body) == int(fields.get(b"Content-Length", b"0"))


def try_forwarded(data: bytes) -> None:
    """A sender that a proxy names is an address, and no proxy but ours is believed."""
    text = data.decode("latin-1")
    headers = {"x-forwarded-for": text, "x-forwarded-proto": text[-5:]}
    sender = sender_of("10.1.2.3", headers, PROXIES, is_secure=False)
    assert ip_address(sender.remote_ip)
    assert neighbourhood(sender.remote_ip)
    assert len(neighbourhood(text)) <= MAX_TEXT
    assert sender_of("192.0.2.1", headers, PROXIES, is_secure=True) == ("192.0.2.1", True)
    assert is_within(text, PROXIES) in (True, False)


def try_signature(data: bytes) -> None:
    """A message is taken if it was signed with the secret, and refused if it was not."""
    assert SIGNER.open(SIGNER.sign(data)) == data
    try:
        opened = SIGNER.open(data)
    except SignatureError as error:
        assert "secret-of-the-test" not in str(error)
    else:
        assert data == SIGNER.sign(opened)
    Signer().open(data)


def try_offer(data: bytes) -> None:
    """An offer of extensions is accepted with an answer that we keep, or declined."""
    agreed = maybe_accept(data.decode("latin-1"))
    assert agreed is None or agreed.startswith("permessage-deflate; server_no_context_takeover")


def _deflated(message: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(message) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")


_FRAMES = (
    masked(TEXT, b"Hello"),
    masked(TEXT, "κόσμε".encode()) + masked(PING, b"hi") + masked(PONG),
    masked(TEXT, b"Hel", fin=False) + masked(PING, b"?") + masked(CONTINUATION, b"lo"),
    masked(TEXT, b"\xce", fin=False) + masked(CONTINUATION, b"", fin=False) + masked(CONTINUATION, b"\xba"),
    masked(BINARY, bytes(126)) + close(1000, b"bye") + masked(TEXT, b"late"),
    masked(BINARY, b"\xff" * LIMIT) + header(BINARY, LIMIT + 1),
    header(BINARY, 70_000),
)
_DEFLATED = (
    *(masked(kind, _deflated(data), reserved=4) for kind, data in ((TEXT, b"Hello"), (BINARY, bytes(LIMIT)))),
    masked(TEXT, _deflated(b"abc" * 50)[:5], fin=False, reserved=4)
    + masked(CONTINUATION, _deflated(b"abc" * 50)[5:]),
    masked(BINARY, _deflated(bytes(2**16)), reserved=4),
    masked(TEXT, b"\x03\x00", reserved=4) + masked(TEXT, b"\x01\x00\x00\xff\xff", reserved=4),
)
_FRAME_WORDS = (b"\x81\x80", b"\x82\xfe", b"\x82\xff", b"\x80\x80", b"\x89\x80", b"\x88\x82", b"\xc1\x80", bytes(8))
_HEAD = upgrade_request("example.org")
_HEADS = (
    _HEAD,
    upgrade_request(
        "example.org:8888",
        "/rt/?tce",
        {
            "Origin": "http://example.org:8888",
            "Cookie": 'sessionid=abc; csrftoken="x y"; a=b=c;; =d',
            "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits, x-other; a=1",
        },
    ),
    upgrade_request("example.org", "/rt/", {"Sec-WebSocket-Version": "8"}),
    upgrade_request("example.org", "/rt/", {"Sec-WebSocket-Key": "short"}),
    upgrade_request("a", "/rt/", {"Origin": "https://[::1"}),
)
_HEAD_WORDS = (
    b"\r\n", b": ", b" ", b"\t", b"GET ", b" HTTP/1.1", b"Host: ", b"Origin: ", b"Cookie: ", b"Upgrade: websocket",
    b"Connection: Upgrade, keep-alive", b"Sec-WebSocket-Key: ", b"Sec-WebSocket-Extensions: ", b"==", b"://",
    b"[", b"]", b"sessionid=", b";", b",", b'"', b"\\", b"%00", b"?tce=1&",
)  # fmt: skip
_OFFERS = (
    b"permessage-deflate",
    b"permessage-deflate; client_max_window_bits",
    b'permessage-deflate; server_max_window_bits="15"; client_max_window_bits=9, permessage-deflate',
    b"x; y=z, permessage-deflate; server_no_context_takeover; client_no_context_takeover",
)
_OFFER_WORDS = (b";", b",", b"=", b'"', b" ", b"permessage-deflate", b"server_max_window_bits", b"15", b"7")

_REQUESTS = (
    b"POST /accounts/login/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: gzip, chunked\r\nX: a\n\r\n\r\n",
)
_REQUEST_WORDS = (b"\r\n", b"\n", b": ", b"Content-Length", b"Transfer-Encoding", b"chunked", b"HTTP/1.0", b"0", b",")
_ORIGINS = (
    b"https://Shop.example.com:443/",
    "https://b\u00fccher.example".encode(),
    b"http://[2001:db8::1]:8000",
    b"capacitor://localhost",
    b"http://192.0.2.1",
)
_ORIGIN_WORDS = (
    b"://",
    b":443",
    b"/",
    b"*",
    b"null",
    b"xn--",
    b"[::1]",
    b".",
    b"@",
    "\u00df".encode(),
    b"wss",
    b"0x7f",
)

_FORWARDED = (
    b"192.0.2.7, 10.0.0.2",
    b"2001:db8::1,[fd00::2]:443 , 10.9.9.9:80",
    b"unknown, ::ffff:192.0.2.1, 10.0.0.1",
)
_FORWARDED_WORDS = (b",", b".", b":", b"::", b"[", b"]", b"%eth0", b"::ffff:", b"10.0.0.1", b"/8", b"https", b" ")
_SIGNED = (b'{"a":1}', SIGNER.sign(b'{"a":1}'), Signer("another").sign(b""), b"sha256=" + b"0" * 64 + b" {}")
_SIGNED_WORDS = (b"sha256=", b" ", b"0" * 64, b"ABCDEF")

WIRE_TARGETS = (
    Target("forwarded", always(try_forwarded), _FORWARDED, _FORWARDED_WORDS),
    Target("signature", always(try_signature), _SIGNED, _SIGNED_WORDS),
    Target("frames", always(make_frames(inflates=False)), _FRAMES, _FRAME_WORDS, max_bytes=8_192),
    Target("deflated-frames", always(make_frames(inflates=True)), _FRAMES + _DEFLATED, _FRAME_WORDS, max_bytes=8_192),
    Target("head", always(try_head), _HEADS, _HEAD_WORDS, max_bytes=16_384),
    Target("request", always(try_request), _REQUESTS, _REQUEST_WORDS, max_bytes=16_384),
    Target("origin", always(try_origin), _ORIGINS, _ORIGIN_WORDS),
    Target("offer", always(try_offer), _OFFERS, _OFFER_WORDS),
)
