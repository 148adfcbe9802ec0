"""A copy of docs/tce/examples, or of docs/tce/cluster, as a user has it: compiled, run as commands, on own ports."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from tests.conftest import unused_port
from tests.docs.document import ROOT, all_blocks
from tests.fork_server import ForkedProcess, fork
from tests.until import until

EXAMPLES = ROOT / "docs" / "tce" / "examples"
TUTORIAL = ROOT / "docs" / "tce" / "README.md"
WIRE = ROOT / "docs" / "tce" / "wire.md"
PORTS = ("16005", "16006")
REDIS_PORT = "6379"
RUN_SECONDS = 60.0
NODE_WEBSOCKET = Path(__file__).with_name("node_websocket.mjs")
PYTHON: dict[str, list[str]] = {
    "python": [],
    "tce2py": ["-m", "tcelib.tmake.tce2py"],
    "tce2js": ["-m", "tcelib.tmake.tce2js"],
}
NODE = ["node", "--import", str(NODE_WEBSOCKET), "--no-warnings"]
Process = ForkedProcess | subprocess.Popen[str]


class RunningExample:
    """A server's process. ``output`` is what it printed, all of it once it has ended."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.output = ""

    def stop(self) -> None:
        """End it as an operator does; it has to end well."""
        self.process.send_signal(signal.SIGTERM)
        self.output, errors = self.process.communicate(timeout=RUN_SECONDS)
        assert self.process.returncode == 0, errors


class Workshop:
    """``root`` looks like a checkout; the examples lie in ``directory``, with ``ports`` in place of their own.

    Further words of the files are ``replaced``.
    """

    def __init__(
        self,
        root: Path,
        redis_port: int = 0,
        *,
        source: Path = EXAMPLES,
        ports: Sequence[str] = PORTS,
        replaced: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        self.root = root
        self.directory = root / source.relative_to(ROOT)
        self.ports = {port: unused_port() for port in ports}
        self._replaced = {**self.ports, REDIS_PORT: redis_port, **replaced}
        self.directory.mkdir(parents=True)
        (root / "site").symlink_to(ROOT / "site")
        shutil.copy(ROOT / "package.json", root)
        for file in examples(source):
            self.write(file.name, file.read_text(encoding="utf-8"))

    def write(self, name: str, text: str) -> None:
        """One file more, with this workshop's ports."""
        for written, used in self._replaced.items():
            text = text.replace(written, str(used))
        (self.directory / name).write_text(text, encoding="utf-8")

    def start(self, line: str) -> Process:
        """Begin to run a command line as the tutorial writes it."""
        first, *rest = shlex.split(line)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        if first in PYTHON:
            return fork([*PYTHON[first], *rest], environment, directory=self.directory, has_stderr=True)
        return subprocess.Popen(
            [*(NODE if first == "node" else [first]), *rest],
            cwd=self.directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, line: str, status: int = 0) -> tuple[str, str]:
        """Run a command line to its end, which is ``status``; its output and its errors."""
        process = self.start(line)
        try:
            output, errors = process.communicate(timeout=RUN_SECONDS)
        finally:
            process.kill()
        assert process.returncode == status, errors
        return output, errors

    @contextmanager
    def serving(self, line: str, *ports: str) -> Iterator[RunningExample]:
        """A server that listens on ``ports``, named as in the examples."""
        running = RunningExample(self.start(line))
        try:
            for port in ports:
                self._wait_for(self.ports[port], running.process)
            yield running
            if running.process.returncode is None:
                running.stop()
        finally:
            running.process.kill()
            running.process.communicate()

    def _wait_for(self, port: int, process: Process) -> None:
        def takes_connections() -> bool:
            assert process.poll() is None, process.communicate()
            socket.create_connection(("127.0.0.1", port), 1.0).close()
            return True

        until(takes_connections, f"port {port} takes connections", RUN_SECONDS, tolerated=OSError)


def examples(source: Path = EXAMPLES) -> list[Path]:
    """The files of the examples, without those that a reader has made by following the tutorial there."""
    made = (source / ".gitignore").read_text(encoding="utf-8").split()
    files = [file for file in source.iterdir() if file.is_file()]
    return [file for file in files if not any(file.match(pattern) for pattern in made)]


def shown(info: str) -> str:
    """The tutorial's one block of that kind."""
    [text] = [block.text for block in all_blocks(TUTORIAL) if block.info == info]
    return text
