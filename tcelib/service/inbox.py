"""Inboxes: each gateway has one, a list beside the registry with what is to be sent to its users."""

from collections.abc import Iterable

from tcelib.service.service_lease import REGISTRY

GATEWAY = "gateway"
"""Kind of the holders that are gateways."""
USER = "user"
"""Kind of the items that a gateway holds."""
INBOXES = f"{{{REGISTRY}}}:inboxes"
"""Set of the inboxes that there may be."""
PREFIX = f"{{{REGISTRY}}}:inbox:"


def inbox_of(name: str) -> str:
    """Return the inbox of a gateway of a name, which no gateway ever had."""
    return f"{PREFIX}{name}"


def inbox_among(reads: Iterable[str]) -> str:
    """Return the inbox among the queues that a gateway reads; empty if it has none."""
    return next((name for name in reads if name.startswith(PREFIX)), "")
