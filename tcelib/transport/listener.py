"""The one socket that a server listens on: for IPv4 and IPv6 together when no interface is named."""

import socket


def open_listener(host: str, port: int, backlog: int) -> socket.socket:
    """A listening socket that does not block. Port 0 is any that is free. Raises ``OSError``.

    One socket for both families has one port for both, also when the system chooses it.
    """
    if not host and socket.has_dualstack_ipv6():
        listener = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=backlog)
    else:
        family, _, _, _, address = socket.getaddrinfo(
            host or "0.0.0.0", port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=backlog)
    listener.setblocking(False)
    return listener
