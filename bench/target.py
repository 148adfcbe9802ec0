"""A real ``python -m rtserver`` under load, as an operator starts it, with a core and a Redis of its own.

Its limits against abuse are off: all the load comes from one address, and is mostly one user's.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from bench.process import SERVER_CORE, available, redis_server
from rtserver.bench.local_server import LocalServer


@contextmanager
def target(*options: str) -> Iterator[LocalServer]:
    """A fresh server, ready, with a fresh Redis. ``options`` go to its command line."""
    with (
        tempfile.TemporaryDirectory() as directory,
        redis_server(directory) as redis_url,
        LocalServer(redis_url, options=("--log-level", "warning", *options)) as server,
    ):
        server.pin(available(SERVER_CORE))
        yield server
