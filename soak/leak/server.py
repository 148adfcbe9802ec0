"""The server under examination: the product's own, in a process that also answers what it holds.

    python -m soak.leak.server CONTROL_FD

The settings come from the environment, as those of ``python -m rtserver``. Who has the other end of the control
socket writes a line and reads one of JSON: ``census`` counts what is held, ``snapshot PATH`` writes a snapshot of all
memory that Python has given out. Both are done in the event loop's thread, where nothing of it goes on meanwhile.
"""

import asyncio
import json
import os
import socket
import sys
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

from rtserver.bootstrap import serve
from rtserver.bootstrap.config.config_source import load_config
from rtserver.bootstrap.process import listening_socket
from soak.leak.census import count_objects, count_system

LONGEST_SNAPSHOT = 120.0
SEND_BUFFER = 16_384


def census(_argument: str) -> Mapping[str, Any]:
    """Return the present census."""
    objects = count_objects()
    return {"objects": objects, "system": count_system(), "traced_bytes": tracemalloc.get_traced_memory()[0]}


def start_snapshot(path: str) -> int:
    """Have a copy of this process write the snapshot: taking one takes much memory, which would stay with us."""
    child = os.fork()
    if not child:
        try:
            tracemalloc.take_snapshot().dump(path)
        finally:
            os._exit(0)
    return child


async def has_ended(child: int) -> None:
    """Return when the process has ended. It needs no thread, which would be counted."""
    while os.waitpid(child, os.WNOHANG) == (0, 0):  # noqa: ASYNC110, ASYNC222 (it does not block)
        await asyncio.sleep(0.05)


def bind_with_small_buffers(*arguments: Any, **options: Any) -> list[socket.socket]:
    """Listeners as the product's, but what they accept can hold little: a laggard then lags at once."""
    listeners = PRODUCT_BIND(*arguments, **options)
    for bound in listeners:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    return listeners


class ExaminedApp(serve.App):
    """The product's server, with an ear on the control socket."""

    control: socket.socket

    async def run(self) -> int:
        """See ``App``."""
        reader, writer = await asyncio.open_unix_connection(sock=self.control)
        answering = asyncio.create_task(self._answer(reader, writer))
        try:
            return await super().run()
        finally:
            answering.cancel()
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            order, _, argument = line.decode().strip().partition(" ")
            if order == "snapshot":
                async with asyncio.timeout(LONGEST_SNAPSHOT):
                    await has_ended(start_snapshot(argument))
                answer: Mapping[str, Any] = {"path": argument}
            else:
                await asyncio.sleep(0)  # the future that this order woke us by is no longer there to be counted
                answer = ANSWERS[order](argument)
            writer.write(json.dumps(answer).encode() + b"\n")


PRODUCT_BIND = listening_socket.bind
ANSWERS: Mapping[str, Callable[[str], Mapping[str, Any]]] = {"census": census}


def main() -> int:
    """Serve until told to stop."""
    ExaminedApp.control = socket.socket(fileno=int(sys.argv[1]))
    # ``serve`` is the product's, and finds ours where it looks for its own.
    serve.App = ExaminedApp  # type: ignore[misc]
    listening_socket.bind = bind_with_small_buffers  # type: ignore[assignment]
    tracemalloc.start()
    return serve.serve(load_config(environ=os.environ))


if __name__ == "__main__":
    sys.exit(main())
