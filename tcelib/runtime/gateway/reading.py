"""Reading: what monitors are told of one part of a gateway."""

from typing import NamedTuple


class Reading(NamedTuple):
    """State of one part. ``detail`` is for people."""

    name: str
    ok: bool
    detail: str
