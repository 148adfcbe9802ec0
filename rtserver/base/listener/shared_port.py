"""Port that several sockets listen on at once (SO_REUSEPORT): a program in the kernel chooses who gets a newcomer.

The system gives each connection to one of the listening sockets when its first packet comes. When a socket is closed,
connections that are under way to it and not accepted yet are reset. So newcomers are led past a socket first, those
under way to it are accepted for a moment longer, and then it is closed. Knows nothing of what is said.

Listening sockets are numbered in the order in which they came, and the number of a closed one goes to the youngest.
"""

import asyncio
import ctypes
import socket
import struct
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

# Of asm-generic/socket.h; Python's socket module does not name them.
SO_ATTACH_REUSEPORT_CBPF = 51
SO_DETACH_REUSEPORT_BPF = 68
# Of linux/bpf_common.h and linux/filter.h: instructions of a classic BPF program.
LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
JUMP_IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
RETURN_CONSTANT = 0x06  # BPF_RET | BPF_K
RANDOM = 0xFFFF_F000 + 56  # SKF_AD_OFF + SKF_AD_RANDOM: a random number of 32 bits
RANDOM_END = 1 << 32
INSTRUCTION = struct.Struct("HBBI")
TABLES = {socket.AF_INET: Path("/proc/net/tcp"), socket.AF_INET6: Path("/proc/net/tcp6")}
LISTENING = "0A"


def program_of(weights: Sequence[int]) -> bytes:
    """Return the program that gives a newcomer to a socket by its number, with a chance by the numbers' weights.

    At least one weight is above 0.
    """
    open_numbers = [(number, weight) for number, weight in enumerate(weights) if weight > 0]
    instructions = [] if len(open_numbers) == 1 else [INSTRUCTION.pack(LOAD_WORD, 0, 0, RANDOM)]
    total, reached = sum(weight for _, weight in open_numbers), 0
    for number, weight in open_numbers[:-1]:
        reached += weight
        instructions.append(INSTRUCTION.pack(JUMP_IF_AT_LEAST, 1, 0, reached * RANDOM_END // total))
        instructions.append(INSTRUCTION.pack(RETURN_CONSTANT, 0, 0, number))
    instructions.append(INSTRUCTION.pack(RETURN_CONSTANT, 0, 0, open_numbers[-1][0]))
    return b"".join(instructions)


def steer(listener: socket.socket, program: bytes) -> bool:
    """Put a program in the place of the present one, for all sockets that listen with this one.

    Return False if the system refuses. A socket that does not listen has no part in it, and so no effect.
    """
    instructions = ctypes.create_string_buffer(program)
    count = len(program) // INSTRUCTION.size
    try:
        listener.setsockopt(
            socket.SOL_SOCKET,
            SO_ATTACH_REUSEPORT_CBPF,
            struct.pack("HP", count, ctypes.addressof(instructions)),
        )
    except OSError:
        return False
    return True


def hurry(listener: socket.socket) -> None:
    """Have connections reported that wait for their client's first words: their socket is about to be closed."""
    with suppress(OSError):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 0)


def lead_past(listeners: Iterable[socket.socket]) -> bool:
    """Lead new connections to another process, and have those under way reported at once.

    Return False if there is no other process. A step that the system refuses is left out; some may be reset then.

    The program names the youngest's number, so it leads nowhere once our socket is closed, and the system chooses as
    before. The next process that comes removes it.
    """
    has_led = False
    for listener in listeners:
        youngest = count_listeners(listener) - 1
        if youngest < 1:
            continue
        has_led = True
        hurry(listener)
        steer(listener, program_of([0] * youngest + [1]))
    return has_led


def forget_rule(listeners: Iterable[socket.socket]) -> None:
    """Let the system choose again: a process that has gone may have left a program, which holds for all sockets."""
    for listener in listeners:
        with suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0)


def count_listeners(listener: socket.socket) -> int:
    """Return the number of sockets, of all processes, that listen on the same address; 0 if it cannot be told."""
    inode = str(socket_inode(listener))
    # /proc/net/tcp: local address, remote address and state are the second to fourth field, the inode is the tenth.
    # Listening sockets come first, and each of thousands of connections behind them would cost some 10 µs.
    try:
        with TABLES[listener.family].open(encoding="ascii") as table:
            next(table, "")
            rows = list(takewhile(lambda row: row[3] == LISTENING, map(str.split, table)))
    except OSError:
        return 0
    own = next((row[1] for row in rows if row[9] == inode), "")
    return [row[1] for row in rows].count(own)


def socket_inode(listener: socket.socket) -> int:
    """Return the number by which the system's tables name a socket."""
    return Path(f"/proc/self/fd/{listener.fileno()}").stat().st_ino


async def is_answered(host: str, port: int, seconds: float) -> bool:
    """Return whether an address of this machine accepts connections, within ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
