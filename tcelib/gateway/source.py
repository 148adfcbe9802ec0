"""Sources of messages that are no clients: queues that are read, and services that are connected to."""

from dataclasses import dataclass, field

from tcelib.gateway.client import Door
from tcelib.gateway.way import Way


@dataclass(slots=True)
class Source:
    """Queue that is read, or service that is connected to: where its calls and answers go, by interface.

    ``answers`` is its own name as an extra value, which answers of Python's services begin with. Every gateway gets
    the messages of a topic, so a user who is not here is no mistake there.
    """

    name: str
    answers: bytes
    is_topic: bool = False
    pushes: dict[int, tuple[Door, ...]] = field(default_factory=dict)
    bridges: dict[int, Way] = field(default_factory=dict)
    returns: dict[int, tuple[Door, ...]] = field(default_factory=dict)
    return_queues: dict[int, str] = field(default_factory=dict)
