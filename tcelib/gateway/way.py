"""Ways of calls to queues and services."""

from dataclasses import dataclass

from tcelib.gateway.verb import Verb


@dataclass(frozen=True, slots=True)
class Way:
    """Way of one interface's calls to a queue or a service. ``front`` is the extra value that each gets, if any.

    ``front_count`` is the number of extra values that a client's call gets: that one, and the user's id.
    ``verb`` is WRITE or CALL, ``target`` the endpoint's name, ``timeout`` in seconds.
    """

    verb: Verb
    target: str
    front: bytes
    front_count: int
    timeout: float
