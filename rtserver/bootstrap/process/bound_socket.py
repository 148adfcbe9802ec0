"""Sockets bound to all addresses of a host name and a port, which do not listen yet."""

import errno
import socket

V6_LOOPBACK = "::1"


def bind_addresses(host: str, port: int, *, is_shared: bool) -> list[socket.socket]:
    """Return a socket for each address; if ``is_shared``, others that share theirs may bind to it as well.

    Port 0 takes one free port for all. Raises ``OSError``, and then leaves nothing open.
    """
    found = dict.fromkeys(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE))
    bound: list[socket.socket] = []
    try:
        for family, _, _, _, address in sorted(found, key=lambda each: each[0]):
            chosen = bound[0].getsockname()[1] if bound else port
            try:
                bound.append(_bind(family, (address[0], chosen, *address[2:]), is_shared=is_shared))
            except OSError as error:
                # Where IPv6 is switched off, "localhost" may have an address of it all the same.
                is_off = error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
                if not (is_off and host == "localhost" and address[0] == V6_LOOPBACK):
                    raise
    except OSError:
        for opened in bound:
            opened.close()
        raise
    return bound


def bind_beside(guard: socket.socket) -> socket.socket:
    """Return one more socket at the address of a shared one."""
    return _bind(guard.family, guard.getsockname(), is_shared=True)


def _bind(family: int, address: tuple[str | int, ...], *, is_shared: bool) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:  # IPv4 has sockets of its own
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        opened.setblocking(False)
        opened.bind(address)
    except OSError:
        opened.close()
        raise
    return opened
