"""Messages ``user_online`` and ``user_offline`` for the queue of a backend. Pure."""

from collections.abc import Callable, Iterable

from rtserver.registry.presence import Event
from rtserver.registry.presence_scope import ALL
from tcelib.lease.telling import Tale

ONLINE, OFFLINE = "user_online", "user_offline"

Write = Callable[[str, object, str], bytes]
"""Returns the bytes of a message of a type, with data and an id."""


def tales_of(events: Iterable[Event], write: Write) -> list[tuple[bool, list[Tale]]]:
    """Return the events of the scope ``all`` as messages, in their order: runs of joins, True, and of leaves."""
    runs: list[tuple[bool, list[Tale]]] = []
    for at_ms, scope, user, is_here in events:
        if scope != ALL:
            continue
        if not runs or runs[-1][0] != is_here:
            runs.append((is_here, []))
        kind = ONLINE if is_here else OFFLINE
        body = write(kind, {"user_id": user, "at": at_ms}, f"{kind}-{at_ms}-{user}")
        runs[-1][1].append(Tale(user, at_ms, body))
    return runs
