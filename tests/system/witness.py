"""A plug-in for the tests of delivery: a handler that says in Redis what it does, and waits there when told to."""

import os
from typing import Any

import redis

from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from tests.until import PATIENCE_SECONDS

STEP_SECONDS = 60.0


class Witness(ServiceMsgHandler):
    """Data is ``{"redis": url, "n": number, "waits"?: true}``: ``n`` goes to the list ``handled``.

    One that ``is_fresh`` does so over a connection of its own. One that waits pushes to ``begun`` first, and goes on
    when something comes to ``go``.
    """

    msg_type = "witness"

    def __init__(self, services: ServiceContext) -> None:
        super().__init__(services)
        self._clients: dict[str, redis.Redis] = {}

    def __call__(self, src: str, data: Any) -> None:
        """See ``ServiceMsgHandler``."""
        if data.get("is_fresh"):
            self._clients.pop(data["redis"], None)
        client = self._clients.setdefault(data["redis"], redis.Redis.from_url(data["redis"]))
        self.offload(testify, client, data)


class OnceWitness(Witness):
    """The same for ``once_witness``, of which one server handles each message. ``"fails": true`` fails."""

    msg_type = "once_witness"
    delivery = "once"


def testify(client: redis.Redis, data: Any) -> None:
    """On a thread of its own: the other lanes go on."""
    if data.get("fails"):
        raise RuntimeError(f"{data['n']} fails")
    if data.get("waits"):
        client.rpush("begun", data["n"])
        client.rpush("by", os.getpid())
        client.blpop(["go"], STEP_SECONDS)
    client.rpush("handled", data["n"])


class Court:
    """The test's end of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.client: redis.Redis = redis.Redis.from_url(url)

    def data(self, n: int, **more: Any) -> dict[str, Any]:
        """Return the data that the handler is sent."""
        return {"redis": self.url, "n": n, **more}

    def wait_begun(self) -> int:
        """The number of the next message on which a handler waits."""
        begun = self.client.blpop(["begun"], PATIENCE_SECONDS)
        assert begun is not None, "no handler began"
        return int(begun[1])

    def begun_by(self) -> int:
        """The process that was next to begin one that waits."""
        by = self.client.blpop(["by"], PATIENCE_SECONDS)
        assert by is not None
        return int(by[1])

    def let_go(self) -> None:
        """Let one that waits go on."""
        self.client.rpush("go", 1)

    def wait_handled(self, count: int) -> list[int]:
        """The next ``count`` numbers that were handled, in order."""
        numbers = []
        for _ in range(count):
            handled = self.client.blpop(["handled"], PATIENCE_SECONDS)
            assert handled is not None, f"only {len(numbers)} were handled: {numbers[-5:]}"
            numbers.append(int(handled[1]))
        return numbers

    def close(self) -> None:
        """Let go of the connection."""
        self.client.close()
