"""A fresh server on this machine, to be measured: a child process with a directory of its own, gone afterwards.

Decides how it is started and which core it gets. It is the server as an operator starts it, with its defaults, but
without limits against abuse: all clients of a benchmark come from one address, and are one user's.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import urlopen

import rtserver
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.target import Target
from rtserver.bench.free_port import free_port
from rtserver.bench.login import log_in
from rtserver.bench.process import running
from tcelib.redis.redis_connection import RedisClient, plain_client
from tcelib.redis.redis_error import RedisCallError

HOST = "127.0.0.1"
START_SECONDS = 60.0
LOOK_SECONDS = 0.05
QUEUE = "queue:rtserver-bench"
SCANNED = 1_000
USER = PASSWORD = "demo"


def child(
    arguments: Sequence[str], directory: Path, output: Any = subprocess.DEVNULL
) -> AbstractContextManager["subprocess.Popen[Any]"]:
    """``python -m rtserver`` with arguments. Ctrl-C is not for it: it is ended with its context."""
    settings = ("RTSERVER_", "DJANGO_", "RTSITE_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    # From wherever this rtserver was imported; the directory has no rtserver.toml that would change anything.
    environ["PYTHONPATH"] = str(Path(rtserver.__file__).parents[1])
    return running(
        [sys.executable, "-m", "rtserver", *arguments],
        cwd=directory,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


class LocalServer:
    """A server as a context. ``options`` are further ones of its command line.

    ``find_redis_url`` tells where the embedded Redis of a directory listens; it is not needed with a ``redis_url``.
    ``queue`` names its list; without it, no other program has the name.
    ``site`` is its WebSocket's address, ``target`` the one to measure: with ``is_tce``, the port for binary clients.
    ``traces`` are words that no name of somebody else's key holds: what carries one of them in a given Redis is ours.
    """

    def __init__(
        self,
        redis_url: str,
        find_redis_url: Callable[[Path], str | None] | None = None,
        *,
        is_tce: bool = False,
        options: Sequence[str] = (),
        queue: str = "",
    ) -> None:
        self.redis_url = redis_url
        self._is_guest = bool(redis_url)
        # In somebody's Redis the messages of a benchmark must not meet those of their server.
        self.queue = queue or f"{QUEUE}:{os.getpid()}"
        self.traces = [self.queue]
        self.pid = 0
        self.directory = Path()
        self._find_redis_url = find_redis_url
        self._options = options
        self.site = Target("ws", HOST, free_port(), "/rt/")
        self.target = Target("tce", HOST, free_port(), "") if is_tce else self.site
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        directory = tempfile.TemporaryDirectory(prefix="rtserver-bench-", ignore_cleanup_errors=True)
        with ExitStack() as stack:
            self.directory = Path(stack.enter_context(directory))
            log = stack.enter_context((self.directory / "log").open("wb"))
            stack.callback(self._leave_no_trace)
            process = stack.enter_context(child(self._arguments(), self.directory, log))
            self.pid = process.pid
            self._wait_until_ready(process)
            self._stack = stack.pop_all()
        if self._find_redis_url is not None and not self._is_guest:
            self.redis_url = self._find_redis_url(self.directory) or ""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def log_in(self) -> str:
        """Log the demo user in; return the Cookie header of the session. Raises ``LoginError``."""
        cookie = log_in(self.site.page("/accounts/login/"), USER, PASSWORD)
        self.traces += [value.partition("=")[2] for value in cookie.split("; ")]
        return cookie

    def pin(self, core: int) -> None:
        """Keep the server on one core, so that what it does with one is measured."""
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(int(task.name), {core})

    def producer(self, quote: str, rate: int) -> AbstractContextManager[object]:
        """``bench redis`` as a context: ``rate`` messages a second of one quote; 0 is as many as the server takes."""
        options = ["--redis-url", self.redis_url, "--queue", self.queue, "--quote", quote]
        options += ["--rate", str(rate), "--batch", "1" if rate else "200", "--seconds", "3600"]
        return child(["bench", "redis", *options], self.directory)

    def _arguments(self) -> list[str]:
        tce_port = 0 if self.target is self.site else self.target.port
        arguments = ["serve", "--no-demo-quotes", "--limits", "off", "--queue", self.queue]
        arguments += ["--port", str(self.site.port), "--tce-port", str(tce_port), "--var-dir", str(self.directory)]
        arguments += ["--redis-url", self.redis_url] if self.redis_url else []
        return [*arguments, *self._options]

    def _leave_no_trace(self) -> None:
        """Delete all keys whose names hold one of ``traces`` from a Redis that goes on without us."""
        if not self._is_guest:
            return
        with suppress(RedisCallError), plain_client(self.redis_url).at(self.queue) as client:
            for trace in self.traces:
                _delete_matching(client, f"*{trace}*")

    def _wait_until_ready(self, process: "subprocess.Popen[Any]") -> None:
        deadline = time.monotonic() + START_SECONDS
        while not is_ready(self.site):
            if process.poll() is not None or time.monotonic() > deadline:
                said = (self.directory / "log").read_text(encoding="utf-8", errors="replace").strip()
                raise TargetError(f"the server did not start: {said.splitlines()[-1] if said else 'it said nothing'}")
            time.sleep(LOOK_SECONDS)


def is_ready(site: Target) -> bool:
    """Return whether the server's /readyz says that it is."""
    try:
        with urlopen(site.page("/readyz"), timeout=1.0) as answer:
            return bool(answer.status == 200)
    except HTTPError as refusal:
        refusal.close()
        return False
    except OSError:
        return False


def _delete_matching(client: RedisClient, pattern: str) -> None:
    cursor = None
    while cursor != 0:
        cursor, keys = client.call("SCAN", cursor or 0, "MATCH", pattern, "COUNT", SCANNED)
        if keys:
            client.call_together([("DEL", key) for key in keys])  # in a Cluster their slots differ
