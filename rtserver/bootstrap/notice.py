"""Notices: lines about a whole fleet of workers, which are logged once for all of them. Pure.

A notice begins with the glyph of its log line: "=" tells, "!" warns.
"""

from collections.abc import Iterable

from rtserver.registry.running_server import RunningServer
from rtserver.service.msg_handler import ServiceMsgHandler

EVERY, ONCE = "every", "once"


def delivery_notices(handlers: Iterable[ServiceMsgHandler]) -> list[str]:
    """Return which workers handle a message, and a warning for each plug-in that leaves that to the default."""
    types: dict[str, list[str]] = {EVERY: [], ONCE: []}
    warnings = []
    for handler in handlers:
        cls = type(handler)
        types[handler.delivery].append(handler.msg_type)
        if not cls.chooses_delivery() and not cls.__module__.startswith("rtserver."):
            warnings.append(
                f"! {cls.__module__}:{cls.__qualname__} does not say its delivery: every worker handles each message "
                f'of type "{handler.msg_type}". Write delivery = "once" if that has to happen once, and '
                'delivery = "every" if it is meant'
            )
    every, once = (", ".join(types[each]) or "none" for each in (EVERY, ONCE))
    return [f"= every worker handles each message of type {every}; one of them handles {once}", *warnings]


def version_notices(servers: Iterable[RunningServer], version: str, fleet: str = "") -> list[str]:
    """Return a warning if servers of another version than ``version`` share the Redis.

    Those whose names begin with ``fleet`` are workers of the same supervisor, which replaces them.
    """
    others = [
        f"{server.name} ({server.version})"
        for server in servers
        if server.version != version and not (fleet and server.name.startswith(fleet))
    ]
    if not others:
        return []
    return [
        f"! servers of other versions share this Redis: {', '.join(others)}; this one is {version}. "
        "CHANGES.md says what an older one cannot read"
    ]
