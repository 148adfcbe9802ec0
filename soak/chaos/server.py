"""One rtserver of the run, as an operator starts it, with the run's own handlers as plug-ins.

Without workers it has one process as a rule, and two for a while when a new one takes over from an old one on the
same port. With several it is their supervisor.
"""

import asyncio
import http.client
import json
import signal
import sys
import time
from pathlib import Path

from rtserver.bench.free_port import free_port
from soak.chaos import handlers
from soak.chaos.child import Child, ChildError
from soak.chaos.size import Size
from soak.chaos.workers import Workers, wait_gone

HOST = "127.0.0.1"
READY_SECONDS = 60.0
ASK_SECONDS = 2.0
HANDLERS = ",".join(f"{handlers.__name__}:{cls.__name__}" for cls in (handlers.NoteEvery, handlers.NoteOnce))
OPTIONS = (
    *("--heartbeat-seconds", "2", "--drain-seconds", "2", "--once-claim-seconds", "12"),
    *("--user-keep-messages", "100000"),
)
"""Of every server: a dead peer is noticed, a drain is over and a dead worker's messages are taken over in times that
fit a run of minutes; the last not before a Redis that was frozen has been found again. All is kept for a visitor who
is away for the longest fault."""
REPOSITORY = Path(__file__).resolve().parents[2]


class Server:
    """``name`` and ``port`` stay over restarts. ``names`` are its places on the bus, and what its notes are signed
    with: one for each of its workers.
    """

    def __init__(self, name: str, redis_url: str, directory: Path, notes: Path, size: Size) -> None:
        self.name = name
        self.port = free_port()
        self.workers = Workers(lambda: self._process.pid, size.workers if size.workers > 1 else 0)
        self.names = [f"{name}/{position}" for position in self.workers.positions] or [name]
        self._command = [sys.executable, "-m", "rtserver", "serve", "--port", str(self.port), "--tce-port", "0"]
        self._command += ["--redis-url", redis_url, "--no-demo-quotes", "--worker", name]
        self._command += ["--services", HANDLERS, *OPTIONS, *self.workers.options, *size.options]
        self._log = directory / f"{name}.log"
        self._environment = {
            "RTSERVER_VAR_DIR": str(directory),
            "PYTHONPATH": str(REPOSITORY),
            "RTSERVER_QUEUE_SECRET": size.secret,
            handlers.NOTES: str(notes),
        }
        self._process = self._make_process()
        self._predecessor: Child | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether there is a process."""
        return self._process.is_running

    def start(self) -> None:
        """Start the process."""
        self._process.start()

    async def start_successor(self) -> None:
        """Start a second process on the same port, and return when it is ready."""
        self._predecessor, self._process = self._process, self._make_process()
        self.start()
        await self.wait_ready()

    async def terminate_predecessor(self) -> None:
        """End the first of two processes, in order. Raises ``ChildError``."""
        assert self._predecessor is not None
        await _terminate(self._predecessor)
        self._predecessor = None

    async def terminate(self) -> None:
        """End the process, in order. Raises ``ChildError`` if it does not end well."""
        await _terminate(self._process)

    async def kill(self) -> None:
        """End the process with SIGKILL. Its workers end with it."""
        pids = self.workers.pids()
        await self._process.kill()
        await wait_gone(pids)

    def freeze(self) -> None:
        """Let it hold its connections, take new ones and do nothing."""
        self._process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send(signal.SIGCONT)

    def check_running(self) -> None:
        """Raises ``ChildError`` if the process has ended by itself."""
        self._process.check_running()

    def end(self) -> None:
        """End the process, if there is one."""
        for process in (self._process, self._predecessor):
            if process is not None:
                process.end()

    async def wait_ready(self) -> None:
        """Return when the process says of itself that it is ready. Raises ``ChildError``."""
        deadline = time.monotonic() + READY_SECONDS
        while not await asyncio.to_thread(self._is_ready):
            self.check_running()
            if time.monotonic() > deadline:
                raise ChildError(f"{self.name} is not ready:\n{self._process.last_words()}")
            await asyncio.sleep(0.05)

    def _make_process(self) -> Child:
        return Child(self.name, self._command, self._log, self._environment)

    def _is_ready(self) -> bool:
        if self.workers:
            return self.workers.are_ready()
        connection = http.client.HTTPConnection(HOST, self.port, timeout=ASK_SECONDS)
        try:
            connection.request("GET", "/readyz")
            answer = json.loads(connection.getresponse().read())
            # On a shared port the other process may have answered.
            return bool(answer["ready"]) and answer["pid"] == self._process.pid
        except (OSError, ValueError, http.client.HTTPException):
            return False
        finally:
            connection.close()


async def _terminate(process: Child) -> None:
    status = await process.terminate()
    if status:
        raise ChildError(f"{process.name} ended with {status}:\n{process.last_words()}")
