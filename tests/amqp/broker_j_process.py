"""Apache Qpid Broker-J as a process, with a client of AMQP 0-10 in it. ``tools/amqp_check.py`` fetches its jars."""

import subprocess
import tempfile
from pathlib import Path
from typing import Self

from tests.conftest import unused_port

HERE = Path(__file__).with_name("broker_j")
JARS = Path(__file__).parents[2] / "build" / "broker-j"
STOP_SECONDS = 20.0


class BrokerJProcess:
    """A broker in memory on a free port. Makes queues at first use, and topics if ``broadcast`` is in their names.

    Use it as a context.
    """

    def __init__(self) -> None:
        self.port = unused_port()
        self.url = f"amqp://127.0.0.1:{self.port}"
        self._work = tempfile.TemporaryDirectory(prefix="broker-j-", ignore_cleanup_errors=True)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Start it and wait until it listens."""
        if not JARS.is_dir():
            raise RuntimeError(f"{JARS} is missing: `make amqp` fetches it")
        command = [
            "java",
            "-Xmx256m",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            "-cp",
            f"{JARS}/*",
            str(HERE / "BrokerJ.java"),
        ]
        arguments = [str(self.port), str(HERE / "config.json"), self._work.name]
        self._process = subprocess.Popen(
            [*command, *arguments],
            cwd=self._work.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        if not self._line_is("READY"):
            self.stop()
            raise RuntimeError(f"Broker-J on port {self.port} ended before it was ready")
        return self

    def send_by_0_10(self, queue: str, body: bytes) -> None:
        """Let the client of AMQP 0-10 send a body."""
        answer = self._ask(f"send {queue} {body.hex()}")
        assert answer == "sent", answer

    def receive_by_0_10(self, queue: str) -> bytes:
        """Let the client of AMQP 0-10 receive a body."""
        word, _, body = self._ask(f"receive {queue}").partition(" ")
        assert word == "received", f"{word} {body}"
        return bytes.fromhex(body)

    def stop(self) -> None:
        """End it, cleanly."""
        if self._process is not None:
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            self._process.stdin.close()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            self._process = None
        self._work.cleanup()

    def _ask(self, line: str) -> str:
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        return self._process.stdout.readline().strip()

    def _line_is(self, words: str) -> bool:
        assert self._process is not None
        assert self._process.stdout is not None
        return any(words in line for line in iter(self._process.stdout.readline, ""))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()
