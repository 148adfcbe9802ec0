"""A process of the run: started, killed, frozen and started again; never left behind.

The kernel ends it with this process, even if this one is killed. Its output goes to a file.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rtserver.bootstrap.process import die_with_parent

STOP_SECONDS = 30.0
LOOK_SECONDS = 0.02


class ChildError(Exception):
    """A process of the run did not do what it had to; ``str(error)`` says which and what it said last."""


class Child:
    """One command that may run many times, never twice at a time."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self._command = [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()), *command]
        self._log = log
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; whether it is of use is somebody else's question."""
        if self.is_running:
            raise ChildError(f"{self.name} runs already")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is not for it
            )

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def kill(self) -> None:
        """End it with SIGKILL."""
        self.send(signal.SIGKILL)
        await self.wait(STOP_SECONDS)

    async def terminate(self) -> int:
        """End it with SIGTERM; its exit status."""
        self.send(signal.SIGTERM)
        return await self.wait(STOP_SECONDS)

    async def wait(self, seconds: float) -> int:
        """Wait for its end; its exit status. Raises ``ChildError``."""
        assert self._process is not None
        deadline = time.monotonic() + seconds
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                raise ChildError(f"{self.name} did not end within {seconds:.0f} s")
            await asyncio.sleep(LOOK_SECONDS)
        return self._process.returncode

    def end(self) -> None:
        """Make sure that it is gone; for the end of a run, however that came."""
        if self.is_running:
            assert self._process is not None
            self._process.kill()
            self._process.wait()

    def last_words(self, lines: int = 15) -> str:
        """The end of its output."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def check_running(self) -> None:
        """Raises ``ChildError`` if it has ended by itself."""
        if not self.is_running:
            status = None if self._process is None else self._process.returncode
            raise ChildError(f"{self.name} has ended with {status}:\n{self.last_words()}")
