"""A real HAProxy before TCP services."""

import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.conftest import unused_port
from tests.until import until

STOP_SECONDS = 10.0
PROGRAM = "/usr/sbin/haproxy"
TEXT = """
defaults
    mode tcp
    timeout connect 2s
    timeout client 60s
    timeout server 60s
    retries 1
    option redispatch
frontend calls
    bind 127.0.0.1:{port}
    default_backend services
backend services
    balance roundrobin
{servers}
"""


class HAProxyProcess:
    """HAProxy on a free port of loopback before services at ``ports``. Use it as a context."""

    def __init__(self, directory: Path, ports: Sequence[int]) -> None:
        self.port = unused_port()
        servers = "\n".join(f"    server s{port} 127.0.0.1:{port} check inter 100ms fall 1" for port in ports)
        self._file = directory / "haproxy.cfg"
        self._file.write_text(TEXT.format(port=self.port, servers=servers), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen([PROGRAM, "-db", "-q", "-f", str(self._file)])
        until(self._listens, "HAProxy listens", tolerated=OSError)
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(STOP_SECONDS)

    def _listens(self) -> bool:
        socket.create_connection(("127.0.0.1", self.port), 1.0).close()
        return True
