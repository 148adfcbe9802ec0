"""A port that two processes listen on at once (SO_REUSEPORT), so that one may follow the other without a gap.

The system gives each connection to one of the listeners when its first packet comes. When a listener is closed, those
who are under way to it, and have not been accepted yet, are reset. So the one who leaves first has newcomers led past
it, to the others, accepts those who were under way for a moment longer, and closes then. Knows sockets and nothing of
what is said on them.
"""

import asyncio
import ctypes
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress

# Of asm-generic/socket.h; Python's socket module does not name them.
SO_ATTACH_REUSEPORT_CBPF = 51
SO_DETACH_REUSEPORT_BPF = 68
RETURN_CONSTANT = 0x06  # BPF_RET | BPF_K, of linux/bpf_common.h
SECOND = 1
"""Listeners are numbered by age. The second oldest is another one's, if there is one and the oldest is to go; where
there is none, a number too high means that the system chooses as ever."""


def lead_past(listeners: Iterable[socket.socket]) -> None:
    """Have connections that begin from now on given to another process, and those under way reported at once.

    What the system cannot do is left out: then some of those under way may be reset.
    """
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", RETURN_CONSTANT, 0, 0, SECOND))
    program = struct.pack("HP", 1, ctypes.addressof(instruction))
    for listener in listeners:
        with suppress(OSError):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 0)
            listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program)


def lead_back(listeners: Iterable[socket.socket]) -> None:
    """Let the system choose again: the rule is the group's, and would outlive the listener."""
    for listener in listeners:
        with suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0)


async def is_answered(host: str, port: int, seconds: float) -> bool:
    """Whether somebody accepts connections on an address of this machine, within ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
