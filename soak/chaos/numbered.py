"""Numbered service messages: each carries its source and number, so that it can be traced.

Pure. A message's ``src`` and ``id`` are its source and number; what it brings to a client or a handler repeats them.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

EVERYONE = "*"
DATE = "20130301"
EXCHANGE = "CHAOS"


class Kind(StrEnum):
    """Delivery of a source's messages."""

    PUSH = "push"
    """Pushed to the pages of one user, or of everyone."""
    EVERY = "every"
    """Handled by every worker."""
    ONCE = "once"
    """Handled by one worker."""
    QUOTE = "quote"
    """Shown in charts."""


@dataclass(frozen=True)
class Source:
    """A producer's name and what it sends. ``target`` is a user's id, ``"*"``, or a quote's item."""

    kind: Kind
    target: str = ""

    @property
    def name(self) -> str:
        """Unique in a run."""
        return f"{self.kind}:{self.target}" if self.target else str(self.kind)

    @property
    def quote(self) -> str:
        """The quote's key."""
        return f"{EXCHANGE}:{self.target}:{DATE}"

    def message(self, number: int) -> bytes:
        """The service message, the same bytes each time."""
        kind, data = self._content(number)
        return json.dumps({"type": kind, "src": self.name, "id": number, "data": data}).encode()

    def _content(self, number: int) -> tuple[str, Any]:
        mark = {"source": self.name, "n": number}
        if self.kind is Kind.PUSH:
            return "pushuser", {"user_id": self.target, "type": "numbered", "data": mark}
        if self.kind is Kind.QUOTE:
            return "quote", [{"quote": self.quote, "info": {"point": [number, price(number)]}}]
        return f"chaos_{self.kind}", mark


def signed(raw: bytes, secret: str) -> bytes:
    """The message as servers with a ``queue_secret`` want it (docs/csprotocols.readme.md, "Signatures")."""
    digest = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return f"sha256={digest} ".encode() + raw


def price(number: int) -> float:
    """A quote's price with its tick's number: so a chart can check each point that it shows."""
    return 100 + number % 997 / 4


def mark_of(raw: bytes) -> tuple[str, int] | None:
    """Source and number of a service message, or of what was made of one for a client; None if it has none."""
    try:
        message = json.loads(raw[raw.index(b"{") :])
    except ValueError:
        return None
    if not isinstance(message, dict):
        return None
    data = message.get("data")
    if "src" in message and "id" in message:
        return str(message["src"]), int(message["id"])
    if isinstance(data, dict) and "source" in data:
        return str(data["source"]), int(data["n"])
    return None
