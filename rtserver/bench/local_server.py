"""A fresh server on this machine, to be measured: a child process with a directory of its own, gone afterwards.

Decides how it is started and which core it gets. It is the server as an operator starts it, with its defaults, but
without limits against abuse: all clients of a benchmark come from one address, and are one user's.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import rtserver
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.target import Target
from tcelib.queue.redis_connection import RedisClient, plain_client
from tcelib.queue.redis_error import RedisCallError

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 15.0
LOOK_SECONDS = 0.05
QUEUE = "queue:rtserver-bench"
SCANNED = 1_000


class Child:
    """``python -m rtserver`` with arguments. Ctrl-C is not for it: it is ended with its context."""

    def __init__(self, arguments: Sequence[str], directory: Path, output: Any = subprocess.DEVNULL) -> None:
        settings = ("RTSERVER_", "DJANGO_", "RTSITE_")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
        # From wherever this rtserver was imported; the directory has no rtserver.toml that would change anything.
        environ["PYTHONPATH"] = str(Path(rtserver.__file__).parents[1])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rtserver", *arguments],
            cwd=directory,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class LocalServer:
    """Use it as a context. ``find_redis_url`` tells where the embedded Redis of a directory listens.

    ``site`` is its WebSocket's address, ``target`` the one to measure: with ``is_tce``, the port for binary clients.
    ``traces`` are words that no name of somebody else's key holds: what carries one of them in a given Redis is ours.
    """

    def __init__(self, redis_url: str, find_redis_url: Callable[[Path], str | None], *, is_tce: bool = False) -> None:
        self.redis_url = redis_url
        self._is_guest = bool(redis_url)
        # In somebody's Redis the messages of a benchmark must not meet those of their server.
        self.queue = f"{QUEUE}:{os.getpid()}"
        self.traces = [self.queue]
        self._find_redis_url = find_redis_url
        port, tce_port = _unused_ports()
        self.site = Target("ws", HOST, port, "/rt/")
        self.target = Target("tce", HOST, tce_port, "") if is_tce else self.site
        self.directory = Path()

    def __enter__(self) -> Self:
        self._temporary = tempfile.TemporaryDirectory(prefix="rtserver-bench-", ignore_cleanup_errors=True)
        self.directory = Path(self._temporary.name)
        self._log = (self.directory / "log").open("wb")
        options = [
            "--port",
            str(self.site.port),
            "--tce-port",
            "0" if self.target is self.site else str(self.target.port),
            "--var-dir",
            str(self.directory),
            "--queue",
            self.queue,
        ]
        options += ["--redis-url", self.redis_url] if self.redis_url else []
        self._child = Child(["serve", "--no-demo-quotes", "--limits", "off", *options], self.directory, self._log)
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.redis_url = self.redis_url or self._find_redis_url(self.directory) or ""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.__exit__(kind, error, trace)
        self._leave_no_trace()
        self._log.close()
        self._temporary.cleanup()

    def pin(self, core: int) -> None:
        """Keep the server on one core, so that what it does with one is measured."""
        for task in Path(f"/proc/{self._child.process.pid}/task").iterdir():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(int(task.name), {core})

    def resident_bytes(self) -> int | None:
        """The server's memory in RAM; None where the system has no /proc."""
        try:
            fields = Path(f"/proc/{self._child.process.pid}/statm").read_text(encoding="ascii").split()
        except FileNotFoundError:
            return None
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    def _leave_no_trace(self) -> None:
        """Delete all keys whose names hold one of ``traces`` from a Redis that goes on without us."""
        if not self._is_guest:
            return
        with suppress(RedisCallError), plain_client(self.redis_url) as client:
            for trace in self.traces:
                _delete_matching(client, f"*{trace}*")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._child.process.poll() is not None or time.monotonic() > deadline:
                said = (self.directory / "log").read_text(encoding="utf-8", errors="replace").strip()
                raise TargetError(f"the server did not start: {said.splitlines()[-1] if said else 'it said nothing'}")
            time.sleep(LOOK_SECONDS)

    def _is_ready(self) -> bool:
        try:
            with urlopen(self.site.page("/readyz"), timeout=1.0) as answer:
                return bool(answer.status == 200)
        except HTTPError as refusal:
            refusal.close()
            return False
        except (URLError, ConnectionError, TimeoutError):
            return False


def _delete_matching(client: RedisClient, pattern: str) -> None:
    cursor = None
    while cursor != 0:
        cursor, keys = client.call("SCAN", cursor or 0, "MATCH", pattern, "COUNT", SCANNED)
        if keys:
            client.call("DEL", *keys)


def _unused_ports() -> tuple[int, int]:
    with socket.create_server((HOST, 0)) as one, socket.create_server((HOST, 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]
