"""A client of the run, on a bare socket: it calls at its rate, whatever comes back, and connects again if it must.

Its calls on each connection are numbered from 1, as those of all clients are: a gateway that confuses two clients
gives one the answer of the other.
"""

import asyncio
import random
import socket
import struct
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from soak.gateway.account import Account, Call, Path
from soak.gateway.layout import HOST
from soak.gateway.mark import Kind, Mark
from tcelib.wire.extra_map import end_of
from tcelib.wire.message import CALL, TWOWAY, Packet
from tcelib.wire.packet import DEFAULT_MAX_PACKET_BYTES, PacketReader, build_packet

READ_BYTES = 65_536
CONNECT_SECONDS = 2.0
PAUSE = (0.05, 0.5)
"""Seconds between two attempts to connect."""
MOST_WAITING = 500
SLOW_SHARE, PUSH_SHARE, ORDER_SHARE = 0.02, 0.25, 0.5
SLOW_MS = (200, 2_000)
"""Work of slow calls: services are ended in the middle of them."""
_LENGTH = struct.Struct(">I")


class Client:
    """``doors`` are the ports of the gateways; it begins with the one of its ``number`` and goes round."""

    def __init__(
        self, number: int, doors: Sequence[int], rate: float, account: Account, chance: random.Random
    ) -> None:
        self.name = f"c{number}"
        self.path: Path | None = None
        self.door = number % len(doors)
        """Index of the gateway that it is connected to, or tries."""
        self.local_port = 0
        self._doors = doors
        self._rate = rate
        self._account = account
        self._random = chance
        self._life = self._number = 0
        self._calls: dict[int, Call] = {}
        self._ended: deque[Call] = deque(maxlen=MOST_WAITING)
        self.is_calling = True

    async def run(self) -> None:
        """Be there until it is cancelled."""
        while True:
            with suppress(OSError, TimeoutError):
                await self._connection()
            self.door = (self.door + 1) % len(self._doors)
            await asyncio.sleep(self._random.uniform(*PAUSE))

    async def _connection(self) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(HOST, self._doors[self.door])
        self.local_port = writer.get_extra_info("sockname")[1]
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._life += 1
        self._calls = {}
        self.path = path = self._account.open(self.name, self._life)
        calling = asyncio.create_task(self._call(writer, path))
        try:
            await self._read(reader, path)
        finally:
            calling.cancel()
            self.path, self.local_port = None, 0
            self._account.close(path, self._calls.values(), time.monotonic())
            writer.transport.abort()

    async def _call(self, writer: asyncio.StreamWriter, path: Path) -> None:
        await asyncio.sleep(self._random.uniform(0, 1 / self._rate))
        sequence = 0
        while True:
            if self.is_calling and len(self._calls) < MOST_WAITING:
                sequence += 1
                mark = self._mark()
                call = self._calls[sequence] = self._account.begin(path, mark, time.monotonic())
                writer.write(packet_of(sequence, call.text, mark.kind))
            await asyncio.sleep(self._random.uniform(0.5, 1.5) / self._rate)

    def _mark(self) -> Mark:
        self._number += 1
        chance = self._random.random
        kind = Kind.ORDER if chance() < ORDER_SHARE else Kind.LOOK
        work_ms = self._random.randint(*SLOW_MS) if chance() < SLOW_SHARE else 0
        return Mark(kind, self.name, self._life, self._number, work_ms, chance() < PUSH_SHARE)

    async def _read(self, reader: asyncio.StreamReader, path: Path) -> None:
        packets: list[Packet] = []
        cutter = PacketReader(DEFAULT_MAX_PACKET_BYTES, self._refuse)
        answered: dict[int, Call] = {}
        while data := await reader.read(READ_BYTES):
            cutter.feed(data, packets)
            now = time.monotonic()
            for packet in packets:
                self._take(packet, path, answered, now)
            packets.clear()

    def _take(self, packet: Packet, path: Path, answered: dict[int, Call], now: float) -> None:
        (_, _, _, _, _, sequence, calltype, _, errcode, _, _, count), rest = packet
        text = text_of(rest[end_of(count, rest) :])
        if calltype & CALL:
            self._account.push(path, text)
            return
        call = self._calls.pop(sequence, None) or answered.get(sequence)
        if call is None:
            self._refuse(f"an answer to call {sequence} of {self.name}, which it has not sent: {text}")
            return
        answered[sequence] = call
        if len(answered) > MOST_WAITING:
            del answered[next(iter(answered))]
        self._account.answer(call, errcode, text, now)

    def _refuse(self, reason: str) -> None:
        self._account.violations.append(reason)


def packet_of(sequence: int, text: str, kind: Kind) -> bytes:
    """Return a two-way call of operation 0 of an interface, with a text as its parameter."""
    raw = text.encode()
    return build_packet(sequence, CALL | TWOWAY, kind << 16, 1, _LENGTH.pack(len(raw)) + raw)


def text_of(params: bytes) -> str:
    """Return the first text of parameters; nothing of none."""
    if not params:
        return ""
    (length,) = _LENGTH.unpack_from(params)
    return params[_LENGTH.size : _LENGTH.size + length].decode()
