"""A real server in a process of its own, for tests that meet it from outside."""

import json
import os
import signal
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.conftest import unused_port
from tests.demo_database import lay_database
from tests.fork_server import ForkedProcess, fork
from tests.until import until

START_SECONDS = 120.0
STOP_SECONDS = 60.0


class RunningServer:
    """The server as an operator starts it: its own folder for data, a Redis of the test's, any port that is free.

    ``start`` and ``stop`` may follow one another; the port and the data stay. ``tls`` trusts the certificate of one
    that speaks TLS.
    """

    def __init__(
        self, redis_url: str, directory: Path, port: int, *options: str, tls: ssl.SSLContext | None = None
    ) -> None:
        self.redis_url = redis_url
        self.port = port
        self.tce_port = unused_port()
        self.tls = tls
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        self._command = ["-m", "rtserver", "serve", "--port", str(port), "--redis-url", redis_url]
        self._command += ["--tce-port", str(self.tce_port), *options]
        self.directory = directory
        self._environment = {**os.environ, "RTSERVER_VAR_DIR": str(directory)}
        self._process: ForkedProcess | None = None
        self._reader: threading.Thread | None = None
        self.output: list[str] = []

    def start(self, is_ready: Callable[[], bool] | None = None) -> Self:
        """Start it, and return when it says of itself that it is ready, or when ``is_ready`` does."""
        lay_database(self.directory)
        self._process = fork(self._command, self._environment)
        self._reader = threading.Thread(target=self._collect, args=(self._process,), daemon=True)
        self._reader.start()
        self.wait_ready(is_ready)
        return self

    def wait_ready(self, is_ready: Callable[[], bool] | None = None) -> None:
        """The wait of ``start``."""
        process = self._process
        assert process is not None
        is_up = is_ready or self._is_ready

        def is_up_or_over() -> bool:
            return is_up() or process.poll() is not None

        try:
            until(is_up_or_over, "the server is ready", START_SECONDS)
            assert process.poll() is None
        except AssertionError:
            self.stop()
            raise AssertionError("the server did not start:\n" + "".join(self.output)) from None

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it and give its exit code."""
        self.signal(how)
        return self.wait()

    def signal(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Send a signal; a process that has ended needs none."""
        if self._process is None:
            raise AssertionError("the server is not running")
        if self._process.poll() is None:
            self._process.send_signal(how)

    def wait(self) -> int:
        """The exit code of a server that ends by itself, or has been told to."""
        if self._process is None:
            raise AssertionError("the server is not running")
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise AssertionError("the server did not stop:\n" + "".join(self.output)) from None
        finally:
            if self._reader is not None:
                self._reader.join(STOP_SECONDS)
        self._process = None
        return code

    def wait_said(self, words: str) -> str:
        """Return the first line of the output with these words, when it has come: another thread reads the output."""

        def lines() -> list[str]:
            return [line for line in self.output if words in line]

        until(lines, f"{words!r} is in the output")
        return lines()[0]

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self.stop()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=0.5, context=self.tls) as answer:
                # On a shared port another server may have answered; one that tells no pid is alone there.
                return bool(answer.status == 200 and json.load(answer).get("pid", self.pid) == self.pid)
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return False
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def _collect(self, process: ForkedProcess) -> None:
        with process.stdout as lines:
            self.output.extend(lines)
