"""One server follows the other under load: what its clients see of it.

    python -m soak.rolling [--restart] [--clients 1000] [--window 10] [--rate 5]

Every client is a user of its own and gets every message of a numbered stream. A second server starts beside the
first, which is then told to end; with ``--restart`` the second one starts when the first has gone.
Exits with 1 if a message was lost, doubled or out of order, or if somebody was not let in while two listened.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass

from bench.process import LOAD_CORE, SERVER_CORE, START_SECONDS, pinned, redis_server
from bench.sessions import make_sessions
from rtserver.bench.client.error import TargetError
from rtserver.bench.free_port import free_port
from rtserver.bench.process import running
from rtserver.bootstrap.process.file_limit import raise_file_limit
from soak.async_redis import cancellable_client
from soak.traveller import Traveller

QUEUE = "queue:rtserver"
KIND = "numbered"
AT_ONCE = 50  # clients that connect at the same time, in the beginning
AFTER_SECONDS = 1.0  # of messages, when everyone is back
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Report:
    """Results. Counts are of all clients together; a second is one of the clock, from the first return on."""

    clients: int
    window_seconds: float
    messages: int
    deliveries: int
    lost: int
    doubled: int
    out_of_order: int
    resumed: int
    resume_lost: int
    failures: dict[str, int]
    returns: int
    returns_by_second: list[int]
    max_over_average: float
    exit_code: int
    exit_seconds: float

    @property
    def is_complete(self) -> bool:
        """Tell whether each client got all messages, once and in order."""
        return not (self.lost or self.doubled or self.out_of_order or self.resume_lost or self.exit_code)


class Stage:
    """Two servers of one port and one Redis."""

    def __init__(self, redis_url: str, directory: str, window: float, options: Sequence[str] = ()) -> None:
        self.redis_url = redis_url
        self.port = free_port()
        self.directory = directory
        self.command = [sys.executable, "-m", "rtserver", "--port", str(self.port), "--tce-port", "0"]
        self.command += ["--redis-url", redis_url, "--no-demo-quotes", "--limits", "off", "--reuse-port"]
        self.command += ["--drain-seconds", str(window), "--var-dir", directory, "--log-level", "warning", *options]

    @contextmanager
    def server(self, core: int) -> Iterator[subprocess.Popen[bytes]]:
        """One of them, not waited for."""
        with running(pinned(core, *self.command), stdout=subprocess.DEVNULL) as process:
            yield process

    def is_ready(self, pid: int) -> bool:
        """Tell whether that process says so. The port is shared: it may take a few questions to reach it."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as answer:
                return bool(json.load(answer)["pid"] == pid)
        except urllib.error.HTTPError as refusal:
            refusal.close()
            return False
        except OSError:
            return False

    async def wait_ready(self, pid: int) -> None:
        """Until it does."""
        deadline = time.monotonic() + START_SECONDS
        while not await asyncio.to_thread(self.is_ready, pid):
            if time.monotonic() > deadline:
                raise TargetError("the server did not become ready")
            await asyncio.sleep(0.05)


class Producer:
    """Pushes numbers to everyone, ``rate`` a second. ``moments`` are those at which it began to push each."""

    def __init__(self, redis_url: str, rate: float) -> None:
        self._client = cancellable_client(redis_url)
        self._interval = 1 / rate
        self._is_over = False
        self.sent = 0
        self.moments: list[float] = []

    def stop(self) -> None:
        """End when what is being sent has been counted: a cancelled RPUSH may have been carried out."""
        self._is_over = True

    async def run(self) -> None:
        """Until stopped."""
        try:
            while not self._is_over:
                data = {"user_id": "*", "type": KIND, "data": self.sent}
                raw = json.dumps({"type": "pushuser", "src": "bench", "data": data})
                self.moments.append(time.monotonic())
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._client.rpush(QUEUE, raw)
                self.sent += 1
                await asyncio.sleep(self._interval)
        finally:
            await self._client.aclose()


def batched(travellers: Sequence[Traveller], count: int) -> Iterator[Sequence[Traveller]]:
    """So many at a time."""
    return (travellers[first : first + count] for first in range(0, len(travellers), count))


async def until(is_true: Callable[[], object], what: str) -> None:
    """Wait for something that has to come. Raises ``TimeoutError`` with its name."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        await asyncio.sleep(0.05)


async def follow(stage: Stage, cookies: Sequence[str], rate: float, window: float, is_restart: bool) -> Report:
    """The whole play, with a client for each of the cookies."""
    travellers = [Traveller(stage.port, cookie, KIND, time.monotonic) for cookie in cookies]
    tasks: list[asyncio.Task[None]] = []
    with ExitStack() as servers:
        old = servers.enter_context(stage.server(SERVER_CORE))
        await stage.wait_ready(old.pid)
        for group in batched(travellers, AT_ONCE):
            tasks += [asyncio.create_task(traveller.run()) for traveller in group]
            await until(lambda group=group: all(one.notes.is_live for one in group), "all clients are let in")
        producer = Producer(stage.redis_url, rate)
        producing = asyncio.create_task(producer.run())
        new = None if is_restart else servers.enter_context(stage.server(LOAD_CORE))
        if new is not None:
            await stage.wait_ready(new.pid)
        begun = time.monotonic()
        old.send_signal(signal.SIGTERM)
        exit_code = await asyncio.to_thread(old.wait)
        exit_seconds = time.monotonic() - begun
        if new is None:
            servers.enter_context(stage.server(LOAD_CORE))
        await until(lambda: all(len(one.comings) > 1 and one.notes.is_live for one in travellers), "all are back")
        await asyncio.sleep(AFTER_SECONDS)
        producer.stop()
        await producing
        last = [producer.sent - 1]
        await until(lambda: all(one.notes.numbers[-1:] == last for one in travellers), "the last message")
        await cancel(*tasks)
    return report_on(travellers, producer.sent, window, exit_code, exit_seconds)


async def cancel(*tasks: asyncio.Task[None]) -> None:
    """End tasks, and hear of it if one had failed."""
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if not isinstance(outcome, asyncio.CancelledError | None):
            raise outcome


def report_on(
    travellers: Sequence[Traveller], sent: int, window: float, exit_code: int, exit_seconds: float
) -> Report:
    """Add up the notes of the clients."""
    notes = [traveller.notes for traveller in travellers]
    returns = sorted(moment for traveller in travellers for moment in traveller.comings[1:])
    seconds = Counter(int(moment - returns[0]) for moment in returns)
    by_second = [seconds[second] for second in range(max(seconds) + 1)]
    return Report(
        clients=len(travellers),
        window_seconds=window,
        messages=sent,
        deliveries=sum(len(one.numbers) for one in notes),
        lost=sum(sent - len(set(one.numbers)) for one in notes),
        doubled=sum(len(one.numbers) - len(set(one.numbers)) for one in notes),
        out_of_order=sum(one.numbers != sorted(one.numbers) for one in notes),
        resumed=sum(one.resumed for one in notes),
        resume_lost=sum(one.lost for one in notes),
        failures=dict(Counter(failure for traveller in travellers for failure in traveller.failures)),
        returns=len(returns),
        returns_by_second=by_second,
        max_over_average=round(max(by_second) / (len(returns) / max(window, 1.0)), 2),
        exit_code=exit_code,
        exit_seconds=round(exit_seconds, 2),
    )


def play(clients: int, window: float, rate: float, *, is_restart: bool = False) -> Report:
    """With a fresh Redis, fresh users and two servers. The servers have a core each, the load shares the second's."""
    with tempfile.TemporaryDirectory() as directory, redis_server(directory) as redis_url:
        stage = Stage(redis_url, directory, window)
        with stage.server(SERVER_CORE) as first:  # makes the database that the users are put into
            asyncio.run(stage.wait_ready(first.pid))
        sessions = make_sessions(redis_url, directory, clients)
        return asyncio.run(follow(stage, [one.cookie for one in sessions], rate, window, is_restart))


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--restart", action="store_true", help="one after the other, instead of side by side")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--window", type=float, default=10.0, help="drain_seconds")
    parser.add_argument("--rate", type=float, default=5.0, help="messages a second, each to all clients")
    arguments = parser.parse_args()
    raise_file_limit()
    report = play(arguments.clients, arguments.window, arguments.rate, is_restart=arguments.restart)
    for name, value in asdict(report).items():
        print(f"{name:20} {value}")
    sys.exit(0 if report.is_complete and (arguments.restart or not report.failures) else 1)


if __name__ == "__main__":
    main()
