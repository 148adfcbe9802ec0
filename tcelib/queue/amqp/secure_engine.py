"""SecureEngine: a connection of AMQP 1.0 under TLS, bytes in and bytes out. Pure.

Python's own TLS works on bytes in memory, so the engine needs no socket that knows TLS, and proton none either.
"""

import ssl
from typing import Any

from tcelib.queue.amqp.engine import LARGEST_READ, Engine
from tcelib.tls_errors import empty_queue

WAITING = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class SecureEngine(Engine):
    """``Engine`` whose bytes are those of TLS. A client verifies that the peer is ``hostname``, as
    ``context`` says."""

    def __init__(self, container: str, context: ssl.SSLContext, **options: Any) -> None:
        super().__init__(container, **options)
        self._come, self._due = ssl.MemoryBIO(), ssl.MemoryBIO()
        is_server = bool(options.get("is_server"))
        self._tls = context.wrap_bio(self._come, self._due, is_server, None if is_server else options.get("hostname"))
        self._is_shaken = False
        self._sealed = b""
        self._refusal = ""

    @property
    def failure(self) -> str:
        """See ``Engine``."""
        return self._refusal or super().failure

    def receive(self, data: bytes) -> None:
        """See ``Engine``."""
        if not data:
            super().receive(data)
            return
        self._come.write(data)
        if not self._shake():
            return
        try:
            while plain := self._tls.read(LARGEST_READ):
                super().receive(plain)
            super().receive(b"")  # the peer has ended TLS: nothing is read, however often
        except WAITING:
            return
        except ssl.SSLZeroReturnError:
            super().receive(b"")
        except ssl.SSLError as error:
            self._refuse(error)

    def output(self, most: int = LARGEST_READ) -> bytes:
        """See ``Engine``."""
        if not self._sealed:
            if self._shake() and (plain := super().output()):
                try:
                    self._tls.write(plain)
                except ssl.SSLError as error:
                    self._refuse(error)
                super().sent(len(plain))
            self._sealed = self._due.read()
        return self._sealed[:most]

    def sent(self, size: int) -> None:
        """See ``Engine``."""
        self._sealed = self._sealed[size:]

    def _shake(self) -> bool:
        """Return whether the handshake is done."""
        if self._is_shaken or self._refusal:
            return self._is_shaken
        try:
            self._tls.do_handshake()
        except WAITING:
            return False
        except ssl.SSLError as error:
            self._refuse(error)
            return False
        self._is_shaken = True
        return True

    def _refuse(self, error: ssl.SSLError) -> None:
        """End the connection. What OpenSSL has to say to the peer is still due."""
        empty_queue()
        self._refusal = f"TLS: {getattr(error, 'verify_message', '') or error.reason or error}"
        super().receive(b"")
