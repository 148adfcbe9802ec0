"""uWebSockets (C++) through socketify, with its own topics: ``publish`` is done in C++."""

import asyncio
from typing import Any

from socketify import App, AppListenOptions, OpCode, WebSocket
from work import JOIN, JOINED, TICK, Work, port_argument, wanted_topics

BACKPRESSURE_BYTES = 64 << 20


def behaviour(members: dict[Any, WebSocket]) -> dict[str, Any]:
    """A client: joins topics, and gets anything else back."""

    def on_open(socket: WebSocket) -> None:
        members[socket.ws] = socket

    def on_message(socket: WebSocket, message: bytes, opcode: OpCode) -> None:
        if message.startswith(JOIN):
            for number in wanted_topics(message):
                socket.subscribe(f"t{number}")
            message = JOINED
        socket.send(message, OpCode.TEXT)

    def on_close(socket: WebSocket, _code: int, _message: bytes) -> None:
        members.pop(socket.ws, None)

    return {
        "open": on_open,
        "message": on_message,
        "close": on_close,
        "idle_timeout": 0,
        "max_backpressure": BACKPRESSURE_BYTES,
    }


async def publish(app: App, members: dict[Any, WebSocket], work: Work) -> None:
    while True:
        for number in work.take():
            if work.is_own:
                for place, socket in enumerate(list(members.values())):
                    socket.send(work.payload(place), OpCode.TEXT)
            else:
                app.publish(f"t{work.topic(number)}", work.payload(number), OpCode.TEXT)
        await asyncio.sleep(TICK)


def main() -> None:
    app, members, work = App(), {}, Work()
    work.listen()
    app.ws("/*", behaviour(members))
    app.listen(AppListenOptions(port=port_argument(), host="127.0.0.1"), lambda _config: None)
    app.loop.create_task(publish(app, members, work))
    app.run()


if __name__ == "__main__":
    main()
