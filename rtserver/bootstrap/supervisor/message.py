"""Messages between the supervisor and its workers: JSON objects, one a line. Pure.

A worker says

    {"type": "up", "port", "version", "notices"}  it accepts connections; the port is its own one on loop-back, the
                                                notices are lines about all workers
    {"type": "beat", "ready", "connections"}    twice a second while both of its threads turn
    {"type": "failed", "reason"}                its start cannot go on
    {"type": "closed"}                          it was asked to leave, and accepts no more
    {"type": "told", "number", "answer"}        the answer to a question
    {"type": "rescued"}                         it has accepted what waited at the sockets of a dead worker

and the supervisor

    {"type": "ask", "number", "what"}           what is "metrics" (a page of text) or "readiness" (an object)
    {"type": "leave", "closes_port"}            send your clients away, others serve them
    {"type": "rescue", "public", "tce"}         accept what waits at so many sockets, which come with the message
"""

import json
from typing import Any, TypeAlias

Message: TypeAlias = dict[str, Any]


def line_of(kind: str, **fields: object) -> bytes:
    """Return a message as bytes."""
    return json.dumps({"type": kind, **fields}).encode() + b"\n"


class LineReader:
    """Reader of a stream of messages that arrives in pieces of any size."""

    def __init__(self, rest: bytes = b"") -> None:
        self.rest = rest

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that are complete now."""
        *lines, self.rest = (self.rest + data).split(b"\n")
        return [json.loads(line) for line in lines]
