"""rtserver's own mechanism without Redis, users and charts: the same work as the libraries it is compared with."""

import asyncio
from itertools import groupby
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from work import JOIN, JOINED, TICK, Work, port_argument, wanted_topics

from rtserver.base.bridge.message import Update
from rtserver.base.connection.connection import Connection, fan_out
from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.upgrade import WebSocketServer
from rtserver.base.send.choice import choose_sender
from rtserver.user.topic.board import Topics


class Client:
    """A member of topics."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection


class Owner:
    """Lets everyone in, compresses for those who offer it; puts clients on topics, and gives anything else back."""

    def __init__(self) -> None:
        self.members: dict[Client, None] = {}
        self.topics = Topics(fan_out)

    def credential(self, _request: object) -> str:
        return "anybody"

    def authenticate(self, credential: str) -> str:
        return credential

    def user_id(self, _client: Client) -> str:
        return "anybody"

    def on_open(self, connection: Connection, _identity: str) -> Client:
        client = Client(connection)
        self.members[client] = None
        return client

    def on_text(self, client: Client, payload: bytes) -> None:
        if payload.startswith(JOIN.encode()):
            for number in wanted_topics(payload):
                self.topics.join(str(number), "all", client, draw)
            payload = JOINED.encode()
        client.connection.push(client.connection.framing(payload))

    def on_lag(self, client: Client, is_lagging: bool) -> None:
        pass

    def on_close(self, client: Client, _code: int) -> None:
        self.topics.remove(client)
        self.members.pop(client, None)


def draw(update: Update) -> bytes:
    payload: Any = update.payload
    return payload.encode()


async def publish(owner: Owner, work: Work) -> None:
    while True:
        numbers = work.take()
        if work.is_own:
            for _ in numbers:
                for place, client in enumerate(list(owner.members)):
                    connection = client.connection
                    connection.push(connection.framing(work.payload(place).encode()))
        else:
            # As the product does with what one drain of its bridge brings.
            for topic, run in groupby(numbers, work.topic):
                owner.topics.update(*[Update(str(topic), number, work.payload(number)) for number in run])
        await asyncio.sleep(TICK)


async def main() -> None:
    owner, work = Owner(), Work()
    work.listen()
    server = WebSocketServer(owner, compresses=True, sender=choose_sender())
    listener = HttpListener("/", server, HTTPServer(Application()))
    listener.listen(bind_sockets(port_argument(), "127.0.0.1", backlog=4096))
    await publish(owner, work)


if __name__ == "__main__":
    asyncio.run(main())
