"""Marks: what a call carries, and its answer and its push repeat. No two calls of a run have the same one.

Pure. A mark is text: kind, client, life, number and the milliseconds that a service works on the call, with colons.
"""

from enum import IntEnum
from typing import NamedTuple, Self


class Kind(IntEnum):
    """Interfaces of ``marked.idl``, by their indexes there."""

    ORDER = 0
    """Not idempotent."""
    LOOK = 1
    """Idempotent."""
    NOTE = 2
    """Pushed to clients."""


PUSHED, UNPUSHED, NO_PUSH = "pushed", "unpushed", "none"
"""Word of a service behind the mark, about the push that a call asked for."""


class Mark(NamedTuple):
    """One call of one client. ``life`` numbers the client's connections. ``is_push``: it asks for a push."""

    kind: Kind
    client: str
    life: int
    number: int
    work_ms: int
    is_push: bool

    @property
    def source(self) -> str:
        """Return the name of its series, for notes: the number is unique there."""
        return f"{self.kind.name.lower()}:{self.client}"

    def text(self) -> str:
        """Return it as it travels."""
        return ":".join(map(str, (int(self.kind), *self[1:5], int(self.is_push))))

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the mark of a text. Raises ``ValueError`` for any other text."""
        kind, client, life, number, work_ms, is_push = text.split(":")
        return cls(Kind(int(kind)), client, int(life), int(number), int(work_ms), bool(int(is_push)))
