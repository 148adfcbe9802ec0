"""Gateways and services of a run, as an operator starts them. Each reaches the queues through a proxy of its own."""

import signal
import sys
from pathlib import Path

from rtserver.bench.free_port import free_port
from soak.chaos.child import Child, ChildError
from soak.chaos.proxy import Proxy
from soak.chaos.server import REPOSITORY
from soak.gateway.layout import services_xml
from soak.gateway.queue_server import wait_listening


class Program:
    """One program. ``queues`` is its way to them."""

    def __init__(self, name: str, queues: Proxy, command: list[str], directory: Path) -> None:
        self.name = name
        self.queues = queues
        environment = {"PYTHONPATH": f"{REPOSITORY}:{directory}"}
        self.log = directory / f"{name}.log"
        self.child = Child(name, [sys.executable, *command], self.log, environment)

    def start(self) -> None:
        """Start the process."""
        self.child.start()

    async def wait_ready(self) -> None:
        """Return when it can be used, as far as can be seen from outside. Raises ``ChildError``."""

    async def terminate(self) -> None:
        """End it with SIGTERM. Raises ``ChildError`` if it does not end well."""
        status = await self.child.terminate()
        if status:
            raise ChildError(f"{self.name} ended with {status}:\n{self.child.last_words()}")

    def freeze(self) -> None:
        """Let it hold its connections and do nothing."""
        self.child.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.child.send(signal.SIGCONT)


class GatewayProgram(Program):
    """``rtserver gateway run``. ``port`` stays over restarts."""

    def __init__(self, name: str, kind: str, queues: Proxy, directory: Path) -> None:
        self.port = free_port()
        file = directory / f"{name}.xml"
        file.write_text(services_xml(name, kind, self.port, queues.port), encoding="utf-8")
        super().__init__(name, queues, ["-m", "rtserver", "gateway", "run", name, "--services", str(file)], directory)

    async def wait_ready(self) -> None:
        """See ``Program``."""
        await wait_listening(self.child, self.port)


class ServiceProgram(Program):
    """``soak.gateway.service``. ``returns`` are the queues that it answers to."""

    def __init__(
        self, name: str, kind: str, queues: Proxy, directory: Path, *, notes: Path, returns: list[str]
    ) -> None:
        command = ["-m", "soak.gateway.service", name, kind, str(queues.port), str(notes), *returns]
        super().__init__(name, queues, command, directory)
