"""Servers of Redis, and a Sentinel, that speak nothing but TLS."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.redis_process import STOP_SECONDS, RedisProcess
from tests.sentinel_group import NAME


def tls_settings(port: int, certificate: Path, *words: str) -> list[tuple[str, str]]:
    """Return the settings of a server of Redis that speaks TLS alone, for what ``words`` name as well."""
    files = [(f"tls-{name}-file", str(certificate)) for name in ("cert", "key", "ca-cert")]
    return [
        ("port", "0"),
        ("tls-port", str(port)),
        ("tls-auth-clients", "no"),
        *((word, "yes") for word in words),
        *files,
    ]


def tls_node(directory: Path, port: int, certificate: Path, *options: str) -> RedisProcess:
    """Return a server, not started yet, in a directory of its own."""
    directory.mkdir()
    settings = tls_settings(port, certificate, "tls-replication", "tls-cluster")
    return RedisProcess(directory, *(word for name, value in settings for word in (f"--{name}", value)), *options)


@contextmanager
def sentinel(directory: Path, port: int, primary_port: int, certificate: Path) -> Iterator[None]:
    """Run a Sentinel that watches the server at ``primary_port``."""
    file = directory / "sentinel.conf"
    settings = tls_settings(port, certificate, "tls-replication")
    lines = [*(f"{name} {value}" for name, value in settings), f"dir {directory}"]
    file.write_text("\n".join([*lines, f"sentinel monitor {NAME} 127.0.0.1 {primary_port} 1", ""]))
    with subprocess.Popen(["redis-server", str(file), "--sentinel"], stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)
