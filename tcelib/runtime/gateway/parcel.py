"""Parcel: one message on its way to a queue."""

from typing import Generic, NamedTuple, TypeVar

S = TypeVar("S")
"""Type of a sender: a gateway's client, or the name of one."""


class Parcel(NamedTuple, Generic[S]):
    """A body without envelope. ``sender`` waits for its answer; None where nobody does.

    ``expires`` is when nobody waits any more, in epoch seconds; infinite without a sender. ``is_idempotent`` as in
    ``Route``.
    """

    body: bytes
    sender: S | None
    expires: float
    is_idempotent: bool
