"""Actions: what the shell of a gateway does with one message."""

from typing import TypeAlias

from tcelib.gateway.client import Client
from tcelib.gateway.verb import Reason, Verb

Action: TypeAlias = tuple[Verb, Client | None, str, bytes]
"""Verb, client, name and body. A plain tuple, because one is made for each message."""

SERVE: Action = (Verb.SERVE, None, "", b"")
HOLD: Action = (Verb.HOLD, None, "", b"")
DROPS: dict[Reason, Action] = {reason: (Verb.DROP, None, reason.value, b"") for reason in Reason}
