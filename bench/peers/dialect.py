"""Dialects in which clients talk to peers: the path, and the messages that put a client on topics.

What comes back is only counted, so answers are described by a mark that each of them carries.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Opening = Callable[[Sequence[int]], list[bytes]]


@dataclass(frozen=True)
class Dialect:
    """``path`` is empty where clients connect by TCP. ``opening`` gives the messages that put a client on topics,
    ``answers`` how many marks come back for them.

    ``own_topics`` is for servers without users: a client's own messages go to a topic with the number of its place.
    ``closes_the_silent`` is for servers that close a client that does not say at once who it is.
    """

    path: str
    opening: Opening
    mark: bytes
    answers: Callable[[Sequence[int]], int]
    own_topics: bool = False
    closes_the_silent: bool = False


def one(_topics: Sequence[int]) -> int:
    """One answer for all topics together."""
    return 1


def none(_topics: Sequence[int]) -> int:
    """No answer: to be connected is to be on the topic."""
    return 0


def plain_opening(topics: Sequence[int]) -> list[bytes]:
    """The JSON that the peers of this benchmark understand."""
    return [json.dumps({"join": list(topics)}).encode()]


def chart_opening(topics: Sequence[int]) -> list[bytes]:
    """rtserver's own protocol: a chart for each quote."""
    charts = (
        {"type": "quote", "chart_id": f"c{topic}", "exchange": "BENCH", "item": f"T{topic}", "date": "20130301"}
        for topic in topics
    )
    return [json.dumps({"type": "mycharts", "data": {**chart, "update": "dynamic"}}).encode() for chart in charts]


def socketio_opening(topics: Sequence[int]) -> list[bytes]:
    """Engine.IO's type 4 (message) with Socket.IO's 0 (connect), then 2 (event)."""
    return [b"40", b'42["join",%b]' % json.dumps(list(topics)).encode()]


def nats_opening(topics: Sequence[int]) -> list[bytes]:
    """The NATS protocol, in one WebSocket message; PONG says that all of it was read."""
    subscriptions = b"".join(b"SUB t%d %d\r\n" % (topic, place + 1) for place, topic in enumerate(topics))
    return [b'CONNECT {"verbose":false,"pedantic":false}\r\n' + subscriptions + b"PING\r\n"]


def centrifugo_opening(topics: Sequence[int]) -> list[bytes]:
    """Centrifugo's client protocol as JSON, all commands in one WebSocket message, one in each line."""
    subscriptions = (
        b'{"id":%d,"subscribe":{"channel":"t%d"}}' % (place, topic) for place, topic in enumerate(topics, start=2)
    )
    return [b"\n".join((b'{"id":1,"connect":{}}', *subscriptions))]


def no_opening(_topics: Sequence[int]) -> list[bytes]:
    """Nothing to say."""
    return []


PLAIN = Dialect("/", plain_opening, b'"joined"', one)
RTSERVER = Dialect("/rt/", chart_opening, b'"render"', len)
SOCKETIO = Dialect("/socket.io/?EIO=4&transport=websocket", socketio_opening, b"joined", one)
NATS = Dialect("/", nats_opening, b"PONG", one)
NCHAN = Dialect("/sub/t0", no_opening, b"", none)
CENTRIFUGO = Dialect(
    "/connection/websocket", centrifugo_opening, b'"subscribe":{', len, own_topics=True, closes_the_silent=True
)
BROADCAST = Dialect("/", no_opening, b"", none)
TCP = Dialect("", no_opening, b"", none)
