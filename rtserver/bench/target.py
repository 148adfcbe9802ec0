"""Where a load client connects to: the parts of a ws:// or wss:// address."""

import socket
import ssl
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

from rtserver.bench.error import OptionError, TargetError

PORTS = {"ws": 80, "wss": 443}


class Target(NamedTuple):
    """A WebSocket's address."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises ``OptionError`` for anything but a ws:// or wss:// address."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise OptionError(f"{url}: {error}") from None
        if parts.scheme not in PORTS or not parts.hostname:
            raise OptionError(f"{url}: an address looks like ws://host:8888/rt/ or wss://host/rt/")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, parts.hostname, PORTS[parts.scheme] if port is None else port, path)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def netloc(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def page(self, path: str) -> str:
        """A page of the same host."""
        return f"{'https' if self.scheme == 'wss' else 'http'}://{self.netloc}{path}"

    def resolve(self) -> tuple[int, Any]:
        """Address family and address; asked once, not for every connection. Raises ``TargetError``."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise TargetError(f"{self}: {self.host} is not known ({error.strerror})") from None
        return found[0][0], found[0][4]

    def tls_context(self, verify: bool) -> ssl.SSLContext | None:
        """What wss:// needs; ``verify`` False takes any certificate, such as a test machine's own."""
        if self.scheme != "wss":
            return None
        context = ssl.create_default_context()
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context
