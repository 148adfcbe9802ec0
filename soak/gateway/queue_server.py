"""The broker of a run, in memory: a process that may be killed, frozen and started again, with nothing left in it."""

import asyncio
import signal
import sys
import time
from pathlib import Path

from rtserver.bench.free_port import free_port
from soak.chaos.child import Child, ChildError
from soak.chaos.server import REPOSITORY
from soak.gateway.layout import HOST

START_SECONDS = 30.0


class BrokerNode:
    """A broker of AMQP 1.0. It has the methods of ``RedisNode`` that faults of processes need."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "tcelib.queue.broker", "--port", str(self.port)]
        self.child = Child("broker", command, directory / "broker.log", {"PYTHONPATH": str(REPOSITORY)})

    async def start(self) -> None:
        """Start it, and return when it listens. Raises ``ChildError``."""
        self.child.start()
        await wait_listening(self.child, self.port)

    async def kill(self) -> None:
        """End it with SIGKILL."""
        await self.child.kill()

    def freeze(self) -> None:
        """Let it hold its connections and answer nothing."""
        self.child.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.child.send(signal.SIGCONT)

    def check_running(self) -> None:
        """Raises ``ChildError`` if it has ended by itself."""
        self.child.check_running()

    def end(self) -> None:
        """Make sure that it is gone."""
        self.child.end()


async def wait_listening(child: Child, port: int) -> None:
    """Return when somebody listens on the port. Raises ``ChildError`` if the process has ended, or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not await _listens(port):
        child.check_running()
        if time.monotonic() > deadline:
            raise ChildError(f"{child.name} does not listen:\n{child.last_words()}")
        await asyncio.sleep(0.05)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True
