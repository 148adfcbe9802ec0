"""python-socketio under uvicorn, topics as its rooms, its own manager in memory."""

import asyncio

import socketio
import uvicorn
from work import JOINED, TICK, Work, port_argument

# Longer than any measurement: the load client does not answer Engine.IO's pings.
PING_SECONDS = 3600


async def publish(server: socketio.AsyncServer, members: dict[str, None], work: Work) -> None:
    while True:
        for number in work.take():
            if work.is_own:
                for place, member in enumerate(list(members)):
                    await server.emit("message", work.payload(place), to=member)
            else:
                await server.emit("message", work.payload(number), room=f"t{work.topic(number)}")
        await asyncio.sleep(TICK)


def build(work: Work) -> socketio.ASGIApp:
    server = socketio.AsyncServer(async_mode="asgi", ping_interval=PING_SECONDS, http_compression=False)
    members: dict[str, None] = {}

    async def connect(member: str, _environ: dict, _auth: object) -> None:
        members[member] = None

    async def disconnect(member: str, _reason: str) -> None:
        members.pop(member, None)

    async def join(member: str, numbers: list[int]) -> None:
        for number in numbers:
            await server.enter_room(member, f"t{number}")
        await server.emit("message", JOINED, to=member)

    async def echo(member: str, text: str) -> None:
        await server.emit("message", text, to=member)

    for name, handler in (("connect", connect), ("disconnect", disconnect), ("join", join), ("echo", echo)):
        server.on(name, handler)
    return socketio.ASGIApp(server, on_startup=lambda: asyncio.create_task(publish(server, members, work)))


def main() -> None:
    work = Work()
    work.listen()
    uvicorn.run(
        build(work),
        host="127.0.0.1",
        port=port_argument(),
        log_level="error",
        backlog=4096,
        ws_per_message_deflate=False,
    )


if __name__ == "__main__":
    main()
