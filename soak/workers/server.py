"""Server of a run: a supervisor with its workers, as an operator starts it, looked at from outside.

Its limits against abuse are on. Its Redis is its own.
"""

import json
import os
import re
import signal
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rtserver.bench.free_port import free_port
from rtserver.bench.local_server import LocalServer
from rtserver.bootstrap.process.embedded_redis import running_url
from soak.worker_process import children, command_line, worker_positions

ANSWER_SECONDS = 5.0
CONNECTIONS = re.compile(r'^rtserver_connections\{worker="(\d+)"\} (\S+)$', re.MULTILINE)
REDIS = "redis-server"


class Server:
    """``local`` is the server; ``workers`` is how many workers it was told to have."""

    def __init__(self, local: LocalServer, admin_port: int, workers: int) -> None:
        self.local = local
        self.workers = workers
        self._admin = f"http://127.0.0.1:{admin_port}"

    def pids(self) -> dict[int, int]:
        """Return the position of each worker's process that lives: two have one while one is renewed."""
        return worker_positions(self.local.pid)

    def redis_pid(self) -> int:
        """Return the process of its Redis."""
        return next(pid for pid in children(self.local.pid) if REDIS in command_line(pid)[0])

    def is_ready(self) -> bool:
        """Ask whether each position has a worker that is ready. Blocks for a moment."""
        try:
            with urllib.request.urlopen(f"{self._admin}/readyz", timeout=ANSWER_SECONDS) as answer:
                told = json.load(answer)
        except OSError:
            return False
        return len(told["workers"]) == self.workers and all(worker["ready"] for worker in told["workers"])

    def connections(self) -> dict[int, int]:
        """Ask for the connections of the worker of each position. Blocks for a moment."""
        with urllib.request.urlopen(f"{self._admin}/metrics", timeout=ANSWER_SECONDS) as answer:
            page = answer.read().decode()
        return {int(position): int(float(number)) for position, number in CONNECTIONS.findall(page)}

    def renew(self) -> None:
        """Send the supervisor SIGHUP."""
        os.kill(self.local.pid, signal.SIGHUP)


@contextmanager
def serving(workers: int, options: Sequence[str]) -> Iterator[Server]:
    """Run a server with so many workers. ``options`` are further ones of its command line."""
    admin_port = free_port()
    own = ("--limits", "on", "--workers", str(workers), "--admin-port", str(admin_port), "--log-level", "warning")
    with LocalServer("", running_url, options=(*own, *options)) as local:
        yield Server(local, admin_port, workers)
