"""Mutated packets against a connection: nothing may escape, and whatever is answered must be a packet.

    python -m tests.tcelib.fuzz --packets 1000000 --seed 1

Each packet is one of the vectors with bytes changed, cut out, doubled, put in or cut off, or with a field of its
header set to something that matters; some are compressed. It goes to a connection that serves all types of the
vectors' IDL, which is opened again when it has been closed. One seed leads to one series of packets, so that every
finding can be repeated.
"""

import argparse
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tcelib as tce
from tcelib.tmake.compiler import compile_files
from tcelib.tmake.emit_python import emit_python
from tcelib.wire.message import RpcMessage
from tcelib.wire.packet import PacketReader, wrap
from tests.tcelib.peer import MemoryTransport
from tests.tcelib.vectors import IDL, VECTORS, Vector

MAX_PACKET_BYTES = 4096
INTERESTING = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
FIELDS = ((0, 4), (4, 4), (8, 1), (10, 4), (19, 1), (20, 2), (22, 2), (24, 4), (31, 4), (35, 4), (39, 4))
LONGEST_SECONDS = 1.0


class EscapeError(Exception):
    """A packet that did what no packet may do; ``data`` is what the connection got."""

    def __init__(self, reason: str, data: bytes) -> None:
        super().__init__(f"{reason}: {data.hex()}")


def fuzz(packets: int, seed: int) -> Counter[str]:
    """Feed ``packets`` mutated packets; what came of them, by kind. Raises ``EscapeError``."""
    chance = random.Random(seed)
    connection = _make_connection()
    transport = connection.transport
    outcomes: Counter[str] = Counter()
    for data in _mutants(chance, packets):
        if not connection.is_open:
            connection.opened()
            transport.is_closed = False
        _feed(connection, data, chance)
        outcomes.update(_answers(transport, data))
        outcomes["closed" if transport.is_closed else "kept"] += 1
    return outcomes


def _feed(connection: tce.RpcConnection, data: bytes, chance: random.Random) -> None:
    cut = chance.randrange(len(data) + 1) if chance.random() < 0.2 else 0
    began = time.thread_time()
    try:
        for part in (data[:cut], data[cut:]):
            more = connection.receive(part)
            while more:
                more = connection.serve()
    except Exception as error:
        raise EscapeError(f"{type(error).__name__} escaped ({error})", data) from error
    if time.thread_time() - began > LONGEST_SECONDS:
        raise EscapeError("it took too long", data)


def _answers(transport: MemoryTransport, data: bytes) -> Iterator[str]:
    packets: list[Any] = []
    PacketReader(MAX_PACKET_BYTES, lambda reason: None).feed(transport.take(), packets)
    for packet in packets:
        message = RpcMessage.of(packet)
        if message.calltype != 2 or message.errcode not in (0, 4, 5):
            raise EscapeError(f"it was answered with {message!r}", data)
        yield f"answered {message.errcode}"


def _mutants(chance: random.Random, count: int) -> Iterator[bytes]:
    seeds = [_framed(vector) for vector in VECTORS.values()]
    for _ in range(count):
        data = bytearray(chance.choice(seeds))
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 8))):
            chance.choice(MUTATIONS)(data, chance)
        if chance.random() < 0.8 and len(data) > 8:  # else hardly any would come further than the envelope
            data[0:8] = bytes.fromhex("efd2bb99") + (len(data) - 4).to_bytes(4, "big")
        yield wrap(bytes(data[14:]), deflates=True) if chance.random() < 0.05 else bytes(data)


def _framed(vector: Vector) -> bytes:
    """A packet for the connection: tce.js counts vec.Prim from 0, as it ignores the index in the IDL."""
    data = bytearray(vector.data if vector.has_envelope else wrap(vector.data))
    if vector.frames and data[20:22] == b"\0\0":
        data[20:22] = b"\0\7"
    return bytes(data)


def _change_byte(data: bytearray, chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] = chance.randrange(256)


def _flip_bit(data: bytearray, chance: random.Random) -> None:
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _set_field(data: bytearray, chance: random.Random) -> None:
    at, size = chance.choice(FIELDS)
    if len(data) >= at + size:
        data[at : at + size] = (chance.choice(INTERESTING) % (1 << 8 * size)).to_bytes(size, "big")


def _cut_off(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data) + 1) :]


def _cut_out(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    del data[at : at + chance.randrange(9)]


def _double(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = data[at : at + chance.randrange(40)]


def _put_in(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = chance.randbytes(chance.randrange(9))


MUTATIONS = (_change_byte, _flip_bit, _set_field, _cut_off, _cut_out, _double, _put_in)


def _make_connection() -> Any:
    """A connection that serves the vectors' IDL with the code that the compiler makes of it."""
    module = _compile(IDL)
    adapter = tce.RpcCommAdapter()
    for base in (module["Prim"], module["Cont"], module["Terminal"]):
        adapter.addServant(_make_servant(base))
    connection = tce.RpcConnection(MemoryTransport(), max_packet_bytes=MAX_PACKET_BYTES)
    adapter.addConnection(connection)
    return connection


def _make_servant(base: Any) -> Any:
    """A servant that gives back what it gets where the operation's name says so, and looks at each message."""

    def mirror(self: tce.Servant, val: Any, ctx: tce.RpcContext) -> Any:
        assert ctx.msg.sequence >= 0
        return val

    names = [operation.method for operation in base.INTERFACE.operations]
    return type("Mirror", (base,), {name: mirror for name in names if name.startswith("echo_")})()


def _compile(idl: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "vec.idl"
        file.write_text(idl, encoding="utf-8")
        compilation = compile_files([str(file)])
    assert compilation.model is not None, compilation.problems
    names: dict[str, Any] = {"__name__": "vec"}
    exec(emit_python(compilation.model, compilation.model.modules[0]), names)
    return names


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    try:
        outcomes = fuzz(options.packets, options.seed)
    except EscapeError as failure:
        sys.stderr.write(f"{failure}\n")
        return 1
    for kind, count in outcomes.most_common():
        sys.stdout.write(f"{count:>10}  {kind}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
