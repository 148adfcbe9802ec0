"""A port that two processes listen on at once (SO_REUSEPORT), so that one may follow the other without a gap.

The system gives each connection to one of the listeners when its first packet comes. When a listener is closed, those
who are under way to it, and have not been accepted yet, are reset. So the one who leaves has newcomers led to the
youngest, accepts those who were under way for a moment longer, and closes then. Knows sockets and nothing of what is
said on them.
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
    """Have connections that begin from now on given to another process, and those under way reported at once.

    Whether there is another process. What the system cannot do is left out: then some may be reset.

    Listeners are numbered by age, and the number that is left free by one who goes is given to the youngest. So the
    rule, which names the youngest's number, leads nowhere once the listener is closed, and the system chooses as it
    did. The next one who comes forgets the rule.
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
    """Let the system choose: one who has left may have left a rule, which is the group's."""
    for listener in listeners:
        with suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, 0)


def count_listeners(listener: socket.socket) -> int:
    """How many sockets, of all processes, listen on the listener's address, itself included; 0 if nobody can tell."""
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
    """The number by which the system's tables know a socket."""
    return Path(f"/proc/self/fd/{listener.fileno()}").stat().st_ino


async def is_answered(host: str, port: int, seconds: float) -> bool:
    """Whether somebody accepts connections on an address of this machine, within ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True
