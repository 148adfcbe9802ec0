"""RpcRoute: the interfaces that one queue's services serve, and the names by which JSON calls their operations."""

from dataclasses import dataclass
from enum import StrEnum

from rtserver.rpc.operation import RpcOperation


class QueueType(StrEnum):
    """Kinds of queues."""

    STREAM = "stream"
    MQ = "mq"


@dataclass(frozen=True, slots=True)
class RpcRoute:
    """One table ``[rpc_routes.NAME]``. ``interfaces`` maps indexes to full names, bases included.

    ``queue`` is a key in the server's Redis. ``timeout`` is in seconds. ``is_idempotent``: a call that a service has
    taken may be given to another one.
    """

    name: str
    interfaces: dict[int, str]
    operations: tuple[RpcOperation, ...]
    queue: str
    type: QueueType
    timeout: float
    is_idempotent: bool


class RouteError(ValueError):
    """A mistake in a table, or in the IDL that it names. ``field`` is empty for one of the whole table."""

    def __init__(self, route: str, field: str, problem: str) -> None:
        super().__init__(route, field, problem)
        self.route = route
        self.field = field
        self.problem = problem

    def __str__(self) -> str:
        return f"{'.'.join(filter(None, (self.route, self.field)))}: {self.problem}"
