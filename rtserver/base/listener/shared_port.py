"""Port that two processes listen on at once (SO_REUSEPORT), so that one follows the other without a gap.

The system gives each connection to one of the listening sockets when its first packet comes. When a socket is closed,
connections that are under way to it and not accepted yet are reset. So a process that leaves has new connections led
to the youngest socket, accepts those under way for a moment longer, and closes then. Knows nothing of what is said.
"""

import asyncio
import ctypes
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

# Of asm-generic/socket.h; Python's socket module does not name them.
SO_ATTACH_REUSEPORT_CBPF = 51
SO_DETACH_REUSEPORT_BPF = 68
RETURN_CONSTANT = 0x06  # BPF_RET | BPF_K, of linux/bpf_common.h
TABLES = {socket.AF_INET: Path("/proc/net/tcp"), socket.AF_INET6: Path("/proc/net/tcp6")}
LISTENING = "0A"


def lead_past(listeners: Iterable[socket.socket]) -> bool:
    """Lead new connections to another process, and have those under way reported at once.

    Return False if there is no other process. A step that the system refuses is left out; some may be reset then.

    Listening sockets are numbered by age, and the number of a closed one goes to the youngest. So the rule, which
    names the youngest's number, leads nowhere once our socket is closed, and the system chooses as before. The next
    process that comes removes the rule.
    """
    has_led = False
    for listener in listeners:
        youngest = count_listeners(listener) - 1
        if youngest < 1:
            continue
        has_led = True
        instruction = ctypes.create_string_buffer(struct.pack("HBBI", RETURN_CONSTANT, 0, 0, youngest))
        program = struct.pack("HP", 1, ctypes.addressof(instruction))
        with suppress(OSError):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 0)
            listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, program)
    return has_led


def forget_rule(listeners: Iterable[socket.socket]) -> None:
    """Let the system choose again: a process that has gone may have left a rule, which holds for all sockets."""
    for listener in listeners:
        with suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0)


def count_listeners(listener: socket.socket) -> int:
    """Return the number of sockets, of all processes, that listen on the same address; 0 if it cannot be told."""
    try:
        rows = TABLES[listener.family].read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return 0
    fields = [row.split() for row in rows]
    inode = str(socket_inode(listener))
    # /proc/net/tcp: local address, remote address and state are the second to fourth field, the inode is the tenth.
    addresses = [row[1] for row in fields if row[3] == LISTENING]
    own = next((row[1] for row in fields if row[9] == inode), "")
    return addresses.count(own)


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
