"""picows on uvloop, the loop that its authors measure it with: ``send`` to one client after the other."""

import asyncio

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server
from work import JOIN, TICK, Board, Work, port_argument


class Listener(WSListener):
    """A client: joins topics, and gets anything else back."""

    def __init__(self, board: Board) -> None:
        super().__init__()
        self.board = board

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.board.members[transport] = None

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT:
            payload = frame.get_payload_as_bytes()
            if payload.startswith(JOIN.encode()):
                payload = self.board.join(transport, payload).encode()
            transport.send(WSMsgType.TEXT, payload)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.board.remove(transport)


async def publish(board: Board, work: Work) -> None:
    while True:
        for number in work.take():
            if work.is_own:
                for place, member in enumerate(board.members):
                    member.send(WSMsgType.TEXT, work.payload(place).encode())
            else:
                payload = work.payload(number).encode()
                for member in board.topic(work.topic(number)):
                    member.send(WSMsgType.TEXT, payload)
        await asyncio.sleep(TICK)


async def main() -> None:
    board, work = Board(), Work()
    work.listen()

    def make_listener(_request: WSUpgradeRequest) -> Listener:
        return Listener(board)

    server = await ws_create_server(make_listener, "127.0.0.1", port_argument(), backlog=4096)
    async with server:
        await publish(board, work)


if __name__ == "__main__":
    uvloop.run(main())
