"""One visit of one client, from connect to its end, and the ways in which it may end.

Decides what a client does; that the server has let it go is seen elsewhere. Every visit checks what it was answered,
so that a run that visits nobody does not look like one that leaves nothing behind.
"""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from rtserver.base.wire.frame import Opcode
from rtserver.bench.client.websocket import client_frame, upgrade_request

RESET = struct.pack("ii", 1, 0)
UPGRADED = b"HTTP/1.1 101 "
PICTURE = b'"render"'
LAGS = b'"lagging":true'
READ_BYTES = 65_536
LAGGING_PICTURES = 40  # of 20 KB: far more than both sides' buffers hold
LAGGING_SECONDS = 0.2
MANY_PICTURES = 60
SMALL_BUFFER = 4_096


class VisitError(Exception):
    """The server did something else than it should have."""


@dataclass(frozen=True)
class Host:
    """Target of a visit, with its user and ``address``. ``quotes`` move, ``still_quote`` does not.

    ``end_session`` has the site close a session.
    """

    port: int
    path: str
    cookie: str
    address: str
    quotes: tuple[str, ...]
    still_quote: str
    end_session: Callable[[str], object]


class Guest:
    """A client's socket: no thread, no task, no parsing."""

    def __init__(self, host: Host, receive_buffer: int = 0) -> None:
        self.host = host
        self.received = b""
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.bind((host.address, 0))
        if receive_buffer:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    async def ask(self, share: float = 1.0, cookie: str | None = None, path: str | None = None) -> None:
        """Connect and send so much of the handshake."""
        host = self.host
        await self._loop.sock_connect(self._socket, ("127.0.0.1", host.port))
        cookie = host.cookie if cookie is None else cookie
        head = upgrade_request(f"127.0.0.1:{host.port}", path or host.path, cookie)
        await self.send(head[: round(len(head) * share)])

    async def enter(self) -> None:
        """Connect, shake hands and read the user's info."""
        await self.ask()
        await self.read_until(b'"userinfo"')
        if not self.received.startswith(UPGRADED):
            raise VisitError(f"no upgrade: {self.received[:100]!r}")

    async def show(self, number: int, update: str = "dynamic", period: int = 0, quote: str = "") -> None:
        """Ask for a chart."""
        quote = quote or self.host.quotes[number % len(self.host.quotes)]
        exchange, item, date = quote.split(":")
        request = {"type": "quote", "chart_id": number, "exchange": exchange, "item": item, "date": date}
        await self.say("mycharts", {**request, "update": update, "period": period})

    async def say(self, msg_type: str, data: Any, message_id: int | None = None) -> None:
        """One message."""
        message = {"type": msg_type, "data": data} | ({} if message_id is None else {"id": message_id})
        await self.send(client_frame(Opcode.TEXT, json.dumps(message).encode()))

    async def send(self, data: bytes) -> None:
        """Bytes as they are."""
        await self._loop.sock_sendall(self._socket, data)

    async def read_until(self, word: bytes, times: int = 1) -> None:
        """Read until so many of a word have come."""
        while self.received.count(word) < times:
            if not await self._read():
                raise VisitError(f"the server left before {word!r} came {times} times: {self.received[-200:]!r}")

    async def read_to_end(self, code: int | None = None) -> None:
        """Read until the server has ended the stream; ``code`` is the one of the close frame before it."""
        while await self._read():
            pass
        if code is not None and struct.pack(">H", code) not in self.received[-150:]:
            raise VisitError(f"not closed with {code}: {self.received[-150:]!r}")

    def reset(self) -> None:
        """Be gone without a word."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._socket.close()

    def end_writing(self) -> None:
        """FIN."""
        self._socket.shutdown(socket.SHUT_WR)

    async def _read(self) -> bool:
        try:
            data = await self._loop.sock_recv(self._socket, READ_BYTES)
        except ConnectionResetError:
            return False
        self.received += data
        return bool(data)


Way: TypeAlias = Callable[[Host], Awaitable[None]]


async def closes(host: Host) -> None:
    """Two charts, then a close handshake."""
    with Guest(host) as guest:
        await watch(guest)
        await guest.send(client_frame(Opcode.CLOSE, struct.pack(">H", 1000)))
        await guest.read_to_end(1000)


async def gives_charts_up(host: Host) -> None:
    """Two charts, given up again; then a close handshake."""
    with Guest(host) as guest:
        await watch(guest)
        for number in (0, 1):
            await guest.say("mycharts", {"type": "unlisten", "chart_id": number}, number)
        await guest.read_until(b'"unlisten"', 2)
        await guest.send(client_frame(Opcode.CLOSE, struct.pack(">H", 1001)))
        await guest.read_to_end(1001)


async def resets(host: Host) -> None:
    """Two charts, then RST."""
    with Guest(host) as guest:
        await watch(guest)
        guest.reset()


async def half_closes(host: Host) -> None:
    """Two charts, then FIN with nothing before it."""
    with Guest(host) as guest:
        await watch(guest)
        guest.end_writing()
        await guest.read_to_end()


async def leaves_while_it_waits(host: Host) -> None:
    """RST while the pictures that it asked for are made."""
    with Guest(host) as guest:
        await guest.enter()
        for number in range(3):
            await guest.show(number, period=number)
        guest.reset()


async def vanishes_in_its_request(host: Host) -> None:
    """Half a handshake."""
    with Guest(host) as guest:
        await guest.ask(share=0.6)


async def vanishes_behind_its_request(host: Host) -> None:
    """RST while it is looked up who it is."""
    with Guest(host) as guest:
        await guest.ask()
        guest.reset()


async def is_nobody(host: Host) -> None:
    """A session that does not exist."""
    with Guest(host) as guest:
        await guest.ask(cookie="sessionid=nobodynobodynobodynobodynobodyno")
        await guest.read_to_end()
        if b" 401 " not in guest.received:
            raise VisitError(f"a stranger was answered {guest.received[:100]!r}")


async def comes_as_a_binary_stranger(host: Host) -> None:
    """TCE over a WebSocket, gone before it has shown a token."""
    with Guest(host) as guest:
        await guest.ask(cookie="", path=f"{host.path}?tce")
        await guest.read_until(b"\r\n\r\n")
        guest.reset()


async def breaks_the_protocol(host: Host) -> None:
    """A frame without a mask while a chart is shown."""
    with Guest(host) as guest:
        await watch(guest)
        await guest.send(b"\x81\x02hi")
        await guest.read_to_end(1002)


async def is_logged_out(host: Host) -> None:
    """Its session ends on the site while it watches."""
    with Guest(host) as guest:
        await watch(guest)
        host.end_session(host.cookie.partition("=")[2])
        await guest.read_to_end(4009)


async def lags_and_goes(host: Host) -> None:
    """Asks for more than it reads, and leaves while the server waits for it."""
    with Guest(host, SMALL_BUFFER) as guest:
        await fall_behind(guest)
        guest.reset()


async def lags_and_hears_of_it(host: Host) -> None:
    """The same, but it reads on until it is told that it lags, and leaves then."""
    with Guest(host, SMALL_BUFFER) as guest:
        await fall_behind(guest)
        await guest.read_until(LAGS)
        guest.reset()


async def fall_behind(guest: Guest) -> None:
    """Come in, watch a chart and ask for more than the system's buffers hold, reading nothing."""
    await guest.enter()
    for number in range(LAGGING_PICTURES):
        await guest.show(number, "static", quote=guest.host.still_quote)
    await asyncio.sleep(LAGGING_SECONDS)  # it does nothing, which is the point


async def sees_many_pictures(host: Host, first_period: int) -> None:
    """As many different pictures as one may ask for: what the server keeps of those is full after a few of these."""
    with Guest(host) as guest:
        await guest.enter()
        for number in range(MANY_PICTURES):
            await guest.show(number, "static", first_period + number, quote=host.still_quote)
        await guest.read_until(PICTURE, MANY_PICTURES)


async def comes_and_goes(host: Host) -> None:
    """No more than that."""
    with Guest(host) as guest:
        await guest.enter()


async def watch(guest: Guest) -> None:
    """Come in and get two pictures, one of which goes on."""
    await guest.enter()
    await guest.show(0)
    await guest.show(1, "static", 60)
    await guest.read_until(PICTURE, 2)


WAYS: Mapping[Way, int] = {
    closes: 404,
    gives_charts_up: 100,
    resets: 150,
    half_closes: 50,
    leaves_while_it_waits: 100,
    vanishes_in_its_request: 60,
    vanishes_behind_its_request: 50,
    is_nobody: 30,
    comes_as_a_binary_stranger: 20,
    breaks_the_protocol: 20,
    is_logged_out: 10,
    lags_and_goes: 3,
    lags_and_hears_of_it: 3,
}
"""How many of 1,000 visits go which way."""
