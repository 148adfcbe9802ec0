"""Bytes that cost the server more than the logged-in user who sends them, by the name of the attack.

Pure. Every attack stays within the limits of size and of nesting, and is sent again and again on many connections.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count, islice
from struct import pack

from rtserver.base.wire.frame import Opcode
from rtserver.bench.client.websocket import client_frame

MESSAGE_BYTES = 65_000  # just below max_message_bytes
HISTORIES = 4
"""Quotes with a long history, ``BENCH:H0:20130301`` and on, whose feeds cost something to compute."""
WATCHED = "T0"
"""The quote that everybody else watches."""
CONTINUATION, TEXT, BINARY, PING = 0x00, 0x01, 0x82, 0x89
PING_ROUTE = 30001 << 16 | 1
COMPRESSED = 0xC1

Blob = Callable[[int], bytes]


@dataclass(frozen=True)
class Attack:
    """``blob(place)`` is what the connection of that number sends again and again, or once."""

    blob: Blob
    connections: int = 50
    is_compressed: bool = False
    is_once: bool = False
    reconnects: bool = False
    """Whether it comes for the handshake only, and leaves when it is let in."""


def attacks() -> Mapping[str, Attack]:
    """All of them, in the order of the table."""
    return {
        "`[],[],…` of 64 KB": Attack(same(filled("[", "[],", "[]]"))),
        "backslashes in strings of 64 KB": Attack(same(filled('["', r"\\[", '"]'))),
        "charts with indicators": Attack(charts, connections=16),
        "compressed bombs": Attack(same(filled("[", "[],", "[]]"), compressed), 20, is_compressed=True),
        "compressed blanks": Attack(same(filled("[", " ", "1]"), compressed), 20, is_compressed=True),
        "nested 64 deep": Attack(same(filled("[", "[" * 62 + "]" * 62 + ",", "[]]"))),
        "numbers of 1e308": Attack(same(filled("[", "1e308,", "1]"))),
        "numbers of 300 digits": Attack(same(filled("[", "1" + "0" * 299 + ".0,", "1]"))),
        "short strings of brackets": Attack(same(filled("[", '"[",', "1]"))),
        "unicode escapes": Attack(same(filled('["', r"\u20ac", '"]'))),
        "objects with many keys": Attack(lambda _: text(many_keys())),
        "invalid at the last byte": Attack(same(filled("[", "[],", "[]}"))),
        "tiny messages": Attack(lambda _: text(b'{"type":"ping"}') * 500),
        "unknown types": Attack(lambda _: text(b'{"type":"x"}') * 500),
        "pings of the WebSocket": Attack(lambda _: frame(PING, b"x" * 125) * 100),
        "fragments of one byte": Attack(lambda _: fragments(b'{"type":"ping","data":"%b"}' % (b"x" * 1000))),
        "charts begun and ended": Attack(begun_and_ended),
        "feeds of the quote that others watch": Attack(standing, connections=8, is_once=True),
        "charts of the quote that others watch": Attack(many_charts, connections=8, is_once=True),
        "TCE: calls": Attack(lambda _: frame(BINARY, tce_call(1, b"")) * 300),
        "TCE: 1,000 extra values": Attack(lambda _: frame(BINARY, tce_call(2, b"", 1_000)) * 10),
        "TCE: compressed bombs": Attack(lambda _: frame(BINARY, tce_call(3, bytes(1_000_000), packed=True)) * 10),
        "handshakes": Attack(lambda _: b"", reconnects=True),
    }


def filled(begin: str, unit: str, end: str) -> bytes:
    """A ping whose data is ``unit`` over and over, as long as a message may be."""
    head, tail = '{"type":"ping","data":' + begin, end + "}"
    return (head + unit * ((MESSAGE_BYTES - len(head) - len(tail)) // len(unit)) + tail).encode()


def many_keys() -> bytes:
    """An object of different keys."""
    members = ",".join(f'"k{number}":{{}}' for number in range(5_500))
    return b'{"type":"ping","data":{%b}}' % members.encode()


def text(payload: bytes) -> bytes:
    """A text message."""
    return client_frame(Opcode.TEXT, payload)


def same(payload: bytes, make: Callable[[bytes], bytes] = text) -> Blob:
    """The same frame from every connection."""
    whole = make(payload)
    return lambda _: whole


def compressed(payload: bytes) -> bytes:
    """A compressed frame, many times (RFC 7692): a buffer of the server's holds hundreds of them."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff")
    return frame(COMPRESSED, data) * 50


def frame(first: int, payload: bytes) -> bytes:
    """A masked frame of any kind, with the mask 0."""
    return bytes((first,)) + text(payload)[1:]


def fragments(payload: bytes) -> bytes:
    """A text message, a byte to a frame."""
    last = len(payload) - 1
    return b"".join(
        frame((0x80 if place == last else 0) | (CONTINUATION if place else TEXT), payload[place : place + 1])
        for place in range(len(payload))
    )


def charts(place: int) -> bytes:
    """Charts of long histories, no two with the same indicators: nobody has computed any of them before."""
    numbers = count(2 + place * 60)
    asked = (
        chart(f"c{number}", f"H{number % HISTORIES}", [f"sma:{number % 900 + 2}", "macd", "boll", "rsi", "vwap"])
        for number in islice(numbers, 60)
    )
    return b"".join(asked)


def begun_and_ended(place: int) -> bytes:
    """A chart that is asked for and given up, and asked for again."""
    end = text(b'{"type":"mycharts","data":{"type":"unlisten","chart_id":"c"}}')
    return (chart("c", f"H{place % HISTORIES}", [f"sma:{place + 2}"]) + end) * 50


def standing(place: int) -> bytes:
    """As many charts as a connection may have, of the quote that others watch, each with indicators of its own."""
    asked = (
        chart(f"c{number}", WATCHED, [f"sma:{place * 60 + number + 2}", "macd", "boll", "rsi", "vwap"], "dynamic")
        for number in range(60)
    )
    return b"".join(asked)


def many_charts(place: int) -> bytes:
    """The same without indicators: one feed for all of them, but each is drawn by itself."""
    return b"".join(chart(f"{place}-{number}", WATCHED, [], "dynamic") for number in range(60))


def tce_call(number: int, text: bytes, extra: int = 0, *, packed: bool = False) -> bytes:
    """A call of ``IUserGateway.ping`` (TCE protocol, sections 1 to 3)."""
    head = pack(">BIBIIBHI", 1, number, 1, PING_ROUTE, 0, 1, 0, extra)
    values = b"".join(pack(">I4sI1s", 4, b"%04d" % place, 1, b"x") for place in range(extra))
    body = head + values + pack(">I", len(text)) + text
    body = zlib.compress(body) if packed else body
    return pack(">IIBBI", 0xEFD2BB99, 10 + len(body), int(packed), 0, 0x01000000) + body


def chart(name: str, item: str, indicators: list[str], update: str = "static") -> bytes:
    """A request for a chart."""
    data: dict[str, object] = {"type": "quote", "chart_id": name, "exchange": "BENCH", "item": item}
    data |= {"date": "20130301", "update": update, "shape": "ohlc", "indicators": indicators}
    return text(json.dumps({"type": "mycharts", "data": data}).encode())
