"""The broker in memory on a thread of the test. What it holds is gone when it stops."""

import threading
from pathlib import Path
from typing import Self

from tcelib.queue.broker.limit import Limits
from tcelib.queue.broker.server import BrokerServer, server_context


class BrokerThread:
    """Use it as a context, or ``stop`` and ``start`` it again on the same port. A ``certificate`` means TLS."""

    def __init__(self, limits: Limits = Limits(), certificate: Path | None = None) -> None:  # noqa: B008
        self.limits = limits
        self._tls = certificate and server_context(str(certificate))
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        """The address that it listens on."""
        return f"amqp://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Begin, with nothing."""
        self.server = BrokerServer(port=self.port, limits=self.limits, tls=self._tls)
        self.port = self.server.port
        self._thread = threading.Thread(target=self.server.run)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End it, as SIGTERM does."""
        self.server.stop()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
