"""Adapter of the calls that come over queues."""

from typing import Self

import gevent

from tcelib.core.adapter import RpcCommAdapter
from tcelib.core.connection import RpcConnection
from tcelib.core.proxy import AF_READ
from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.runtime.communicator import RpcCommunicator, RpcEndPoint


class RpcAdapterMQ(RpcCommAdapter):
    """Adapter that reads queues, once it is started: add its servants before.

    Each queue is the name of an endpoint of ``communicator``, an endpoint, or a connection that reads.
    """

    def __init__(
        self,
        id: str,  # noqa: A002  the name that TCE's users know
        *queues: str | RpcEndPoint | RpcConnection,
        communicator: RpcCommunicator,
    ) -> None:
        super().__init__(id)
        self._queues = queues
        self._communicator = communicator

    @classmethod
    def create(cls, id: str, *queues: str | RpcEndPoint | RpcConnection) -> Self:  # noqa: A002
        """Return an adapter of the default communicator."""
        return cls(id, *queues, communicator=RpcCommunicator.instance())

    def start(self) -> Self:
        """Begin to serve what the queues hold. Raises ``KeyError`` for the name of no endpoint."""
        for queue in self._queues:
            self.addConnection(self._reader_of(queue))
        self._communicator.addAdapter(self)
        return self

    def stop(self) -> None:
        """Take no more calls, and wait for the servants that run; their answers still leave."""
        me = gevent.getcurrent()
        readers = [each for each in self.connections if isinstance(each, RpcQueueConnection)]
        gevent.joinall([gevent.spawn(each.link.transport.drain, me) for each in readers])

    def _reader_of(self, queue: str | RpcEndPoint | RpcConnection) -> RpcConnection:
        if isinstance(queue, RpcConnection):
            return queue
        return self._communicator.openEndPoint(queue, AF_READ) if isinstance(queue, str) else queue.open(AF_READ)
