"""RpcConnectionQpidMQ: a queue at a broker under the name that programs of the original TCE know."""

from tcelib.core.connection import RpcConnection
from tcelib.core.proxy import AF_WRITE
from tcelib.runtime.communicator import RpcEndPoint
from tcelib.transport.hub.queue_kind import QPID


class RpcConnectionQpidMQ:
    """Opens queues; the connection of each is an ``RpcQueueConnection``."""

    @staticmethod
    def create(name: str, host: str, port: int, address: str, af: int = AF_WRITE) -> RpcConnection:
        """Open a queue of the default communicator, which finds it by ``name`` from now on. See ``RpcEndPoint``."""
        return RpcEndPoint(name, host, port, address, type_=QPID).open(af)
