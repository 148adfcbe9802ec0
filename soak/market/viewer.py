"""Viewer: somebody who asks for one picture after the other, and takes the time of each."""

import json
import time
from itertools import count
from types import TracebackType
from typing import Any, Self

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from rtserver.bench.client.error import TargetError

PATIENCE_SECONDS = 30.0
MOST_BYTES = 4 << 20


class Viewer:
    """One connection of a logged-in user."""

    def __init__(self, url: str, cookie: str) -> None:
        self._request = HTTPRequest(url, headers={"Cookie": cookie})
        self._numbers = count(1)
        self._socket: WebSocketClientConnection | None = None

    async def __aenter__(self) -> Self:
        self._socket = await websocket_connect(self._request, max_message_size=MOST_BYTES)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._socket is not None
        self._socket.close()

    async def first_picture(self, quote: str, **wishes: Any) -> tuple[int, int]:
        """Ask for a chart in place of the last one. Return the nanoseconds to its picture, and the rows that it has.

        Raises ``TargetError`` if the answer is another one, or does not come.
        """
        number = next(self._numbers)
        exchange, item = quote.split(":")
        chart = {
            "type": "quote",
            "chart_id": "first",
            "exchange": exchange,
            "item": item,
            "update": "dynamic",
            **wishes,
        }
        begun = time.perf_counter_ns()
        answer = await self._ask(chart, number)
        taken = time.perf_counter_ns() - begun
        found = json.loads(answer)
        if found["type"] != "mycharts":
            raise TargetError(f"no picture of {quote}: {answer[:300]}")
        return taken, len(found["data"]["chart"]["xAxis"]["data"])

    async def _ask(self, data: object, number: int) -> str:
        assert self._socket is not None
        await self._socket.write_message(json.dumps({"type": "mycharts", "data": data, "id": number}))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            raw = await self._socket.read_message()
            if raw is None:
                raise TargetError("the server has closed the connection")
            text = raw if isinstance(raw, str) else raw.decode()
            if text.endswith(f'"id":{number}}}'):
                return text
        raise TargetError("no answer came")
