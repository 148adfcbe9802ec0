"""The way in to queues at a broker, for programs that may have no python-qpid-proton."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tcelib.queue.address import Address
from tcelib.queue.amqp.bound import MOST_COUNTED
from tcelib.queue.amqp.waiting import Waiting
from tcelib.queue.message import DeadLetter
from tcelib.queue.port import BareQueue, ReliableQueue

if TYPE_CHECKING:
    from tcelib.queue.amqp.node import AmqpNode

MISSING = "AMQP needs the package python-qpid-proton: pip install rtserver[amqp]"


def need_proton() -> None:
    """Raises ``ModuleNotFoundError`` with a sentence that says what to install."""
    try:
        import proton  # noqa: F401  only where an endpoint is a broker's
    except ImportError as error:
        raise ModuleNotFoundError(MISSING, name="proton") from error


def open_bare_queue(
    url: str, address: Address, waiting: Waiting, expires_of: Callable[[bytes], float | None]
) -> BareQueue:
    """Return a node of the broker at ``url`` as a queue that delivers at most once. See ``open_node``."""
    node = open_node(url, address, waiting)
    from tcelib.queue.amqp.amqp_bare_queue import AmqpBareQueue  # imports what may not be there

    return AmqpBareQueue(node, expires_of=expires_of)


def open_queue(
    url: str, address: Address, waiting: Waiting, *, most_counted: int = MOST_COUNTED
) -> ReliableQueue[DeadLetter]:
    """Return a node of the broker at ``url`` as a queue that delivers at least once. See ``open_node``.

    ``length`` counts at most ``most_counted`` messages that nobody holds: it looks at each of them.
    """
    node = open_node(url, address, waiting)
    from tcelib.queue.amqp.amqp_queue import AmqpQueue  # imports what may not be there

    return AmqpQueue(node, most_counted=most_counted)


def open_node(url: str, address: Address, waiting: Waiting) -> "AmqpNode":
    """Return a node of the broker at ``url``: see ``read_broker``.

    Connects with the first call. Raises ``ModuleNotFoundError`` with a sentence that says what to install,
    ``ValueError`` for a bad URL, and ``OSError`` for certificates that cannot be read.
    """
    need_proton()
    from tcelib.queue.amqp.broker_place import read_broker
    from tcelib.queue.amqp.connection import AmqpClient  # imports what may not be there
    from tcelib.queue.amqp.node import AmqpNode

    return AmqpNode(AmqpClient(read_broker(url), waiting), address)
