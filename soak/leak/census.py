"""Census of a process by kind: the objects that matter here, its open files, its threads.

It decides which objects matter: all that a connection could leave behind. Plain data is not counted;
``tracemalloc`` sees it.
"""

import asyncio
import gc
import os
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

OWN_PACKAGES = ("rtserver", "tcelib", "site")
FOREIGN_KINDS = frozenset(
    {
        "_asyncio.Task",
        "_asyncio.Future",
        "asyncio.events.Handle",
        "asyncio.events.TimerHandle",
        "builtins.coroutine",
        "builtins.async_generator",
        "gevent._gevent_cgreenlet.Greenlet",
        "gevent.greenlet.Greenlet",
        "greenlet.greenlet",
        "greenlet._greenlet.greenlet",
        "redis.connection.Connection",
        "socket.socket",
        "ssl.SSLSocket",
        "tornado.http1connection.HTTP1ServerConnection",
        "tornado.iostream.IOStream",
    }
)


POOLS = ("rtserver-", "asyncio_")
"""How the names of threads begin that wait for work, as many as there were pieces at a time, up to a bound."""


def count_objects() -> dict[str, int]:
    """Return the number of live objects of each kind that matters.

    Objects frozen (``gc.freeze``) before the first connection came are not among them.
    """
    gc.collect()
    return dict(Counter(name for each in gc.get_objects() for name in _names_that_matter(each)))


def count_system() -> dict[str, int]:
    """Open files, and threads, those of pools apart."""
    names = [thread.name for thread in threading.enumerate()]
    pooled = sum(name.startswith(POOLS) for name in names)
    return {
        "open files": len(os.listdir("/proc/self/fd")) - 1,
        "threads": len(names) - pooled,
        "threads of pools": pooled,
    }


def _names_that_matter(thing: Any) -> Iterator[str]:
    kind = type(thing)
    name = f"{kind.__module__}.{kind.__qualname__}"
    # The event loop sweeps its cancelled timers out when there are a hundred of them.
    if kind is asyncio.TimerHandle and thing.cancelled():
        return
    if name in FOREIGN_KINDS or name.partition(".")[0] in OWN_PACKAGES:
        yield name
