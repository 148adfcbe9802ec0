"""Ports for servers that are started in a moment."""

import errno
import os
import socket
from itertools import count

FIRST, COUNT = 10_000, 20_000
"""Below those that the system lends to outgoing connections: such a one may be taken by any of them at any time."""

_steps = count(os.getpid() * 1_009)  # processes that run at the same time walk in different places


def free_port() -> int:
    """A port of loopback on which nobody listens, and which is not given to this process again soon."""
    for step in _steps:
        port = FIRST + step % COUNT
        with socket.socket() as listener:
            try:
                listener.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port
    raise AssertionError("never: the steps have no end")
