"""Tornado as its documentation shows it: ``write_message`` to one client after the other."""

import asyncio

from tornado.web import Application
from tornado.websocket import WebSocketClosedError, WebSocketHandler
from work import JOIN, TICK, Board, Work, port_argument


class Handler(WebSocketHandler):
    """A client: joins topics, and gets anything else back."""

    def initialize(self, board: Board) -> None:
        self.board = board

    def open(self) -> None:
        self.set_nodelay(True)
        self.board.members[self] = None

    def on_message(self, message: str) -> None:
        self.write_message(self.board.join(self, message) if message.startswith(JOIN) else message)

    def on_close(self) -> None:
        self.board.remove(self)


def send(members: list, payload: str) -> None:
    for member in members:
        try:
            member.write_message(payload)
        except WebSocketClosedError:
            member.on_close()


async def publish(board: Board, work: Work) -> None:
    while True:
        for number in work.take():
            if work.is_own:
                for place, member in enumerate(list(board.members)):
                    send([member], work.payload(place))
            else:
                send(list(board.topic(work.topic(number))), work.payload(number))
        await asyncio.sleep(TICK)


async def main() -> None:
    board, work = Board(), Work()
    work.listen()
    Application([(r"/", Handler, {"board": board})]).listen(port_argument(), "127.0.0.1", backlog=4096)
    await publish(board, work)


if __name__ == "__main__":
    asyncio.run(main())
