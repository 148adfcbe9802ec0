"""Address of the server that a load client connects to: the parts of a ws://, wss:// or tce:// URL.

The address says which protocol is spoken, as it does to the server: ``/rt/?tce`` asks for TCE.
"""

from typing import NamedTuple, Self
from urllib.parse import urlsplit

from rtserver.bench.client.error import OptionError

PORTS = {"ws": 80, "wss": 443, "tce": 8889}


class Target(NamedTuple):
    """A server's address. TCE over TCP has no path."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises ``OptionError`` for anything else."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise OptionError(f"{url}: {error}") from None
        is_tcp = parts.scheme == "tce"
        path = parts.path.strip("/") if is_tcp else parts.path or "/"
        path += f"?{parts.query}" if parts.query else ""
        if parts.scheme not in PORTS or not parts.hostname or (is_tcp and path):
            raise OptionError(f"{url}: an address looks like ws://host:8888/rt/, wss://host/rt/ or tce://host:8889")
        return cls(parts.scheme, parts.hostname, PORTS[parts.scheme] if port is None else port, path)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"

    @property
    def is_tce(self) -> bool:
        """Return whether the server speaks TCE there."""
        query = self.path.partition("?")[2]
        return self.scheme == "tce" or any(field.partition("=")[0] == "tce" for field in query.split("&"))

    def speaking(self, protocol: str | None) -> Self:
        """This address; over a WebSocket, the one that asks for TCE. Raises ``OptionError`` for a contradiction."""
        if protocol == "json" and self.is_tce:
            raise OptionError(f"{self}: TCE is spoken there, not JSON")
        if protocol == "tce" and not self.is_tce:
            return self._replace(path=f"{self.path}{'&' if '?' in self.path else '?'}tce")
        return self

    @property
    def netloc(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def page(self, path: str) -> str:
        """A page of the same host."""
        return f"{'https' if self.scheme == 'wss' else 'http'}://{self.netloc}{path}"
