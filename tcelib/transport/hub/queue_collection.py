"""The queues that a program has opened: an answer goes to no other queue."""

import gevent

from tcelib.core.queue_connection import RpcQueueConnection


class QueueCollection:
    """The queues that a program has opened, by name: those it reads and those it may write to."""

    def __init__(self) -> None:
        self._readers: dict[str, RpcQueueConnection] = {}
        self._writers: dict[str, RpcQueueConnection] = {}

    def add(self, connection: RpcQueueConnection, *, reads: bool, writes: bool) -> None:
        """Enter a queue that was opened."""
        if reads:
            self._readers[connection.name] = connection
        if writes:
            self._writers[connection.name] = connection

    def remove(self, connection: RpcQueueConnection) -> None:
        """Forget a queue that was closed."""
        for connections in (self._readers, self._writers):
            if connections.get(connection.name) is connection:
                del connections[connection.name]

    def get(self, name: str) -> RpcQueueConnection | None:
        """The connection of a queue: the one that writes, if there are two."""
        return self._writers.get(name) or self._readers.get(name)

    def reader(self, name: str) -> RpcQueueConnection | None:
        """The connection that reads a queue."""
        return self._readers.get(name)

    def writer(self, name: str) -> RpcQueueConnection | None:
        """The connection that writes to a queue."""
        return self._writers.get(name)

    def drain(self) -> None:
        """Let all readers end what they serve, at the same time, and take no more."""
        me = gevent.getcurrent()
        readers = [connection.link.transport for connection in self._readers.values()]
        gevent.joinall([gevent.spawn(reader.drain, me) for reader in readers])
