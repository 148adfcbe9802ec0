"""Processes under measurement: where they run, what they cost, and that they end.

A server gets one core and everything that makes load gets another, so that neither takes time from the other.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rtserver.bench.client.error import TargetError
from rtserver.bench.free_port import free_port
from rtserver.bench.local_server import LocalServer
from rtserver.bench.process import family, running
from tcelib.queue.amqp.open import need_proton

SERVER_CORE, LOAD_CORE = 0, 1
START_SECONDS = 60.0


def available(core: int) -> int:
    """The core, or the last one there is: a machine with one core has to do without."""
    return min(core, (os.cpu_count() or 1) - 1)


def pinned(core: int, *command: str) -> list[str]:
    """The command, kept on one core."""
    return ["taskset", "-c", str(available(core)), *command]


def pin_this_process() -> None:
    """Keep the caller, which reads what the clients get, on the core of the load."""
    os.sched_setaffinity(0, {available(LOAD_CORE)})


@contextmanager
def load_core_awake() -> Iterator[None]:
    """The load's core does not sleep meanwhile; see ``bench.awake``. A machine with one core does without."""
    if (os.cpu_count() or 1) <= LOAD_CORE:
        yield
        return
    with running([sys.executable, "-m", "bench.awake", str(LOAD_CORE)]):
        yield


def wait_listening(process: subprocess.Popen[Any], port: int) -> None:
    """Return when somebody accepts on the port. Raises ``TargetError`` if the process ends or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TargetError(f"nothing listens on port {port}; the process's exit code is {process.poll()}")


def cpu_seconds(pid: int) -> float:
    """The time that the process and its children have spent on a core, their own and the system's for them."""
    ticks = 0
    for one in family(pid):
        fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def thread_seconds(pid: int) -> float:
    """The same to the nanosecond, of the threads that live and without the children."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


@contextmanager
def redis_server(directory: str, *options: str) -> Iterator[str]:
    """A redis-server on the core of the load that keeps nothing; its address. ``options`` go to its command line."""
    port = free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", directory, *options]
    with running(pinned(LOAD_CORE, *command), stdout=subprocess.DEVNULL) as process:
        wait_listening(process, port)
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def amqp_broker() -> Iterator[int]:
    """The broker in memory of tcelib, on the core of the load; its port. Raises ``TargetError`` without proton."""
    try:
        need_proton()
    except ImportError as error:
        raise TargetError(str(error)) from error
    port = free_port()
    command = [sys.executable, "-m", "tcelib.queue.broker", "--port", str(port)]
    with running(pinned(LOAD_CORE, *command), stdout=subprocess.DEVNULL) as process:
        wait_listening(process, port)
        yield port


@contextmanager
def target(*options: str, queues: Sequence[str] = ("",)) -> Iterator[LocalServer]:
    """A real ``python -m rtserver`` with a core and a Redis of its own. ``options`` go to its command line.

    ``queues`` are its lists; without names, it has one of a name of its own.

    Its limits against abuse are off: all the load comes from one address, and is mostly one user's.
    """
    options = ("--log-level", "warning", *(["--queues", ",".join(queues)] if len(queues) > 1 else []), *options)
    with (
        tempfile.TemporaryDirectory() as directory,
        redis_server(directory) as redis_url,
        LocalServer(redis_url, options=options, queue=queues[0]) as server,
    ):
        server.pin(available(SERVER_CORE))
        yield server
