"""Route of a message: its type, and whom or what it is for, read from its first bytes.

Pure. A message has a route if its first two fields are ``"type"`` and ``"to"``, texts without escapes. ``to`` names
quotes, users, or what else a type is about, separated by spaces. A worker may drop a message by its route, undecoded.

Nobody has checked the rest of the message when its route is read: who decodes it compares the two.
"""

import re
from collections.abc import Iterable

MOST_TYPE, MOST_TO = 64, 1_000
_ROUTE = re.compile(
    rb"(?:sha256=[0-9A-Fa-f]+ t?s?=?[0-9]* ?)?"
    rb'\{\s*"type"\s*:\s*"([0-9A-Za-z_.-]+)"\s*,\s*"to"\s*:\s*"([^"\\\x00-\x1f\x7f]+)"'
)
NO_ROUTE = (b"", b"")


def route_of(raw: bytes) -> tuple[bytes, bytes]:
    """Return the type and whom or what the message is for, ``NO_ROUTE`` if it has no route. route.lua's twin."""
    found = _ROUTE.match(raw)
    if found is None or len(found[1]) > MOST_TYPE or len(found[2]) > MOST_TO:
        return NO_ROUTE
    return found[1], found[2]


def maybe_to(names: Iterable[str]) -> str | None:
    """Return what to write as ``"to"`` for some names, each once; None if they are too many, or not fit for it.

    Raises ``TypeError`` or ``AttributeError`` for a name that is no text.
    """
    known: set[str] = set()
    to = ""
    for name in names:
        if name in known:
            continue
        known.add(name)
        if not (name.isascii() and name.isprintable()) or '"' in name or "\\" in name or " " in name:
            return None
        to = f"{to} {name}" if to else name
        if len(to) > MOST_TO:
            return None
    return to or None
