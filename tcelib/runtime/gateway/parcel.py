"""Parcel: one message on its way to a queue."""

from typing import NamedTuple

from tcelib.gateway.client import Client


class Parcel(NamedTuple):
    """A body without envelope. ``sender`` waits for its answer; None where nobody does.

    ``seconds`` is how long that is, infinite without a sender. ``is_idempotent`` as in ``Route``.
    """

    body: bytes
    sender: Client | None
    seconds: float
    is_idempotent: bool
