"""A redis-server that a test may stop, freeze and start again on the same port, with what it held."""

import signal
import subprocess
from pathlib import Path
from typing import Self

import redis

from tests.conftest import unused_port
from tests.machine import LOOPBACK, Machine

STOP_SECONDS = 10.0


class RedisProcess:
    """Appends every write to a file, so that a restart loses nothing. Use it as a context."""

    def __init__(self, directory: Path, *options: str, port: int | None = None, machine: Machine = LOOPBACK) -> None:
        self.port = port or unused_port()
        self.machine, self.host = machine, machine.host
        self.url = f"redis://{self.host}:{self.port}/0"
        self._command = [*machine.prefix, "redis-server", "--bind", self.host, "--port", str(self.port)]
        self._command += ["--dir", str(directory), "--protected-mode", "no"]
        self._command += ["--save", "", "--appendonly", "yes", "--appendfsync", "no", "--logfile", "", *options]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Start it and wait until it takes connections; one that runs stays."""
        if self._process is not None:
            return self
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            if not any("Ready to accept connections" in line for line in lines):
                self._process.wait(STOP_SECONDS)
                raise RuntimeError(f"redis-server on port {self.port} ended before it was ready")
        return self

    def stop(self) -> None:
        """End it, cleanly; what it holds is on disk."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(STOP_SECONDS)
            self._process = None

    def kill(self) -> None:
        """SIGKILL: it has no time to save or say anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
            self._process = None

    def freeze(self) -> None:
        """Let it hold its connections and answer nothing: a dead peer, as seen from here."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen one go on, with what came meanwhile."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        """A client of its own for the test."""
        return redis.Redis.from_url(self.url)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()
