"""Engine: one connection of AMQP 1.0, bytes in and bytes out. Proton's engine without its reactor. Pure.

Clients and the broker in memory drive it alike. Its user asks ``events`` after each ``receive`` and sends what
``output`` returns after everything that may have made some.
"""

from collections.abc import Iterator
from typing import Any

from proton import Collector, Condition, Connection, Transport, TransportException

LARGEST_READ = 65_536


class Engine:
    """One connection. ``is_server`` tells the side; a server takes clients with and without SASL.

    ``sessions`` bounds those of the connection. A client without ``user`` says ANONYMOUS. ``idle_seconds`` of
    silence end the connection, and the peer is told so.
    """

    def __init__(
        self,
        container: str,
        *,
        hostname: str = "",
        user: str = "",
        password: str = "",
        is_server: bool = False,
        sessions: int = 1,
        frame_bytes: int = 65_536,
        idle_seconds: float = 60.0,
    ) -> None:
        self.connection = Connection()
        self._collector = Collector()
        self.connection.collect(self._collector)
        self.connection.container = container
        if hostname:
            self.connection.hostname = hostname
        self._transport = Transport(Transport.SERVER) if is_server else Transport()
        self._transport.max_frame_size = frame_bytes
        self._transport.channel_max = sessions - 1
        self._transport.idle_timeout = idle_seconds
        sasl = self._transport.sasl()
        if user:
            self.connection.user, self.connection.password = user, password
            sasl.allowed_mechs("PLAIN")
            sasl.allow_insecure_mechs = True
        else:
            sasl.allowed_mechs("ANONYMOUS")
        self._transport.bind(self.connection)
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """True if nothing more comes in, or goes out."""
        return self._is_over

    @property
    def failure(self) -> str:
        """Return the error that ended the connection, as the transport says it; empty for none."""
        return told(self._transport.condition)

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer; none is the end of them."""
        try:
            if not data:
                self._is_over = True
                self._transport.close_tail()
            while data and (room := self._transport.capacity()) > 0:
                self._transport.push(data[:room])
                data = data[room:]
            self._is_over |= bool(data)
        except TransportException:  # its condition says more
            self._is_over = True

    def events(self) -> Iterator[Any]:
        """Return what happened, the oldest first. What the user does meanwhile may add to it."""
        while (event := self._collector.peek()) is not None:
            yield event
            self._collector.pop()

    def output(self, most: int = LARGEST_READ) -> bytes:
        """Return bytes for the peer, at most ``most``. They stay until ``sent`` is called."""
        try:
            size = self._transport.pending()
        except TransportException:
            size = -1
        if size < 0:
            self._is_over = True
        return (self._transport.peek(min(size, most)) or b"") if size > 0 else b""

    def sent(self, size: int) -> None:
        """Forget so many bytes of ``output``."""
        self._transport.pop(size)

    def tick(self, now: float) -> None:
        """Let time pass: a peer that was silent for too long ends, one that would wait for too long hears of us."""
        self._transport.tick(now)

    def close(self, condition: str = "", reason: str = "") -> None:
        """Say goodbye, with an error if there is one."""
        if condition:
            self.connection.condition = Condition(condition, reason)
        self.connection.close()


def told(condition: Any) -> str:
    """Return a condition of AMQP in words; empty for none."""
    if not condition:
        return ""
    return f"{condition.description} ({condition.name})" if condition.description else str(condition.name)
