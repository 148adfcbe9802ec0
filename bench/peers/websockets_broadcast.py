"""The ``websockets`` library with its ``broadcast``, without compression."""

import asyncio

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.exceptions import ConnectionClosed
from work import JOIN, TICK, Board, Work, port_argument


async def publish(board: Board, work: Work) -> None:
    while True:
        for number in work.take():
            if work.is_own:
                for place, member in enumerate(board.members):
                    broadcast([member], work.payload(place))
            else:
                broadcast(board.topic(work.topic(number)), work.payload(number))
        await asyncio.sleep(TICK)


async def main() -> None:
    board, work = Board(), Work()
    work.listen()

    async def handle(connection: ServerConnection) -> None:
        board.members[connection] = None
        try:
            async for message in connection:
                await connection.send(board.join(connection, message) if message.startswith(JOIN) else message)
        except ConnectionClosed:
            pass
        finally:
            board.remove(connection)

    async with serve(handle, "127.0.0.1", port_argument(), compression=None, backlog=4096):
        await publish(board, work)


if __name__ == "__main__":
    asyncio.run(main())
