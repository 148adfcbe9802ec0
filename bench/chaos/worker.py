"""One rtserver of the run, as an operator starts it, with the run's own handlers as plug-ins."""

import asyncio
import http.client
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.chaos import handlers
from bench.chaos.child import Child, ChildError
from bench.process import free_port

HOST = "127.0.0.1"
START_SECONDS = 60.0
READY_SECONDS = 60.0
ASK_SECONDS = 2.0
HANDLERS = ",".join(f"{handlers.__name__}:{cls.__name__}" for cls in (handlers.NoteEvery, handlers.NoteOnce))
REPOSITORY = Path(__file__).resolve().parents[2]


class Worker:
    """Its name is what its notes are signed with. ``port`` stays over restarts."""

    def __init__(self, name: str, redis_port: int, directory: Path, notes: Path, options: Sequence[str]) -> None:
        self.name = name
        self.port = free_port()
        command = [sys.executable, "-m", "rtserver", "serve", "--port", str(self.port), "--tce-port", "0"]
        command += ["--redis-url", f"redis://{HOST}:{redis_port}/0", "--no-demo-quotes", "--services", HANDLERS]
        command += ["--limits", "off"]  # everybody comes from one address, and is one user
        environment = {
            "RTSERVER_VAR_DIR": str(directory),
            "PYTHONPATH": str(REPOSITORY),
            handlers.NOTES: str(notes),
            handlers.WORKER: name,
        }
        self.child = Child(name, [*command, *options], directory / f"{name}.log", environment)

    def start(self) -> None:
        """Start the process."""
        self.child.start()

    async def wait_ready(self) -> None:
        """Return when it says of itself that it is. Raises ``ChildError``."""
        deadline = time.monotonic() + READY_SECONDS
        while not await asyncio.to_thread(self._is_ready):
            self.child.check_running()
            if time.monotonic() > deadline:
                raise ChildError(f"{self.name} is not ready:\n{self.child.last_words()}")
            await asyncio.sleep(0.05)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=ASK_SECONDS)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
