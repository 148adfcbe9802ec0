"""The plays: a server with workers, a crowd that has come in, traffic, and then one worker killed or all renewed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from bench.sessions import Session, make_sessions
from rtserver.bench.client.websocket import upgrade_request
from rtserver.bench.file_limit import ensure_file_limit
from rtserver.bench.process import running
from soak.chaos.chart_copy import ChartCopy
from soak.chaos.follower import Backoff, Follower, Message
from soak.chaos.ledger import Ledger
from soak.chaos.numbered import DATE, EXCHANGE, Kind, Source
from soak.chaos.track import Picture
from soak.workers.crowd import Crowd
from soak.workers.guest import Guest, Knocker, Stayer
from soak.workers.report import Report
from soak.workers.server import Server, serving
from soak.workers.source import Wish
from soak.workers.spent import spending

PICTURE_ROWS = 1_000
ARRIVAL_SECONDS = 120.0
RETURN_SECONDS = 60.0
RENEWAL_SECONDS = 300.0
START_SECONDS = 60.0
PATIENCE_SECONDS = 60.0
NOTICE_SECONDS = 1.0
"""After a kill: all of the dead worker's clients know by then that they are lost."""
LOOK_SECONDS = 0.25
T = TypeVar("T")
Say = Callable[[str], object]


@dataclass(frozen=True)
class Order:
    """Order of a run. ``pushes`` and ``quotes`` are messages a second, of all users and of all items.

    ``calm`` are seconds of traffic before and after. ``knocks`` are newcomers a second.
    """

    play: str
    workers: int = 4
    clients: int = 10_000
    pushes: float = 400.0
    quotes: float = 20.0
    items: int = 20
    knocks: float = 20.0
    window: float = 10.0
    arrivals: float = 700.0
    calm: float = 3.0
    seed: int = 16


class Play:
    """One run on a ``server`` for the users of ``sessions``."""

    def __init__(self, order: Order, server: Server, sessions: list[Session], say: Say) -> None:
        self.ledger = Ledger()
        self.stayers: list[Stayer] = []
        self.knockers: list[Knocker] = []
        self._order = order
        self._server = server
        self._sessions = sessions
        self._say = say
        self._random = random.Random(order.seed)
        self._items = [f"{order.play}-{number}" for number in range(order.items)]
        for number, session in enumerate(sessions):
            self._add_stayer(number, session)
        for number in range(round(order.knocks) if order.play == "renew" else 0):
            request = self._request(sessions[number % len(sessions)])
            self.knockers.append(Knocker(f"127.2.0.{number % 250 + 1}", request, interval=1.0))
        self.crowd = Crowd(server.local.site, self._guests(), order.arrivals)

    def run(self) -> Report:
        """Run it. Raises ``TimeoutError``."""
        report = Report(self._order.play, self._order.workers, self._order.clients)
        with self.crowd, self._sending() as stop, ThreadPoolExecutor(1) as self._helper:
            self.crowd.turn_until(self._are_whole, ARRIVAL_SECONDS, "all clients have come in")
            with spending(self._server) as report.calm:
                self.crowd.turn_for(self._order.calm)
            report.spread["before"] = self._ask(self._server.connections)
            self.ledger.begin(self._order.play, time.monotonic())
            begun = time.monotonic()
            with spending(self._server) as report.spent:
                gone = (self._kill if self._order.play == "kill" else self._renew)()
            report.seconds = time.monotonic() - begun
            counts = self._ask(self._server.connections)
            report.spread["when all were back"] = {each: counts[each] for each in counts if each not in gone}
            self._say(f"all are back after {report.seconds:.1f} s")
            self.crowd.turn_until(lambda: self._ask(self._server.is_ready), START_SECONDS, "all workers are ready")
            self.crowd.turn_for(self._order.calm)
            for source, number in stop().items():
                self.ledger.sent(source, number)
            self._settle()
        self._add_up(report, begun)
        return report

    # The plays.

    def _kill(self) -> set[int]:
        """SIGKILL to one worker, and wait until its clients have everything again. Return its position."""
        victim, position = self._random.choice(sorted(self._server.pids().items()))
        self._say(f"kill -9 of worker {position}")
        os.kill(victim, signal.SIGKILL)
        self.crowd.turn_for(NOTICE_SECONDS)
        self.crowd.turn_until(self._are_whole, RETURN_SECONDS, "all clients are back")
        return {position}

    def _renew(self) -> set[int]:
        """SIGHUP to the supervisor, and wait until all workers are new and all clients have everything again."""
        old = set(self._server.pids())
        self._say("SIGHUP")
        self._server.renew()
        self.crowd.turn_until(lambda: not old & set(self._server.pids()), RENEWAL_SECONDS, "all workers are new")
        self.crowd.turn_until(self._are_whole, RETURN_SECONDS, "all clients are back")
        return set()

    # Parts.

    def _add_stayer(self, number: int, session: Session) -> None:
        item = self._items[number % len(self._items)]
        chart = ChartCopy(item, EXCHANGE, item, DATE)
        push = Source(Kind.PUSH, session.user_id).name
        name, drawn = f"client {number}", f"chart of client {number}"
        self.ledger.promise(name, push)
        self.ledger.promise_picture(
            drawn, Source(Kind.QUOTE, item).name, Picture(lambda: chart.numbers, PICTURE_ROWS)
        )

        def show(message: Message) -> None:
            if message["type"] == "numbered":
                self.ledger.got(name, push, message["data"]["n"], time.monotonic())

        backoff = Backoff(random.Random(self._random.getrandbits(32)).random)
        address = f"127.1.{number // 250}.{number % 250 + 1}"
        self.stayers.append(Stayer(address, self._request(session), Follower([chart], show), backoff))

    def _request(self, session: Session) -> bytes:
        site = self._server.local.site
        return upgrade_request(site.netloc, site.path, session.cookie)

    def _guests(self) -> list[Guest]:
        return [*self.stayers, *self.knockers]

    def _are_whole(self) -> bool:
        return all(stayer.is_whole for stayer in self.stayers)

    def _ask(self, question: Callable[[], T]) -> T:
        """Have a question asked while the crowd goes on."""
        answer: Future[T] = self._helper.submit(question)
        self.crowd.turn_until(answer.done, PATIENCE_SECONDS, "the server answers a monitor")
        return answer.result()

    @contextmanager
    def _sending(self) -> Iterator[Callable[[], dict[str, int]]]:
        """Send meanwhile; the function ends that and returns what was acknowledged."""
        local, order = self._server.local, self._order
        users = [session.user_id for session in self._sessions]
        wish = Wish(local.redis_url, local.queue, users, self._items, order.pushes, order.quotes)
        command = [sys.executable, "-m", "soak.workers.source"]
        with running(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process, closing(process.stdout):
            process.stdin.write(msgspec.json.encode(wish) + b"\n")
            process.stdin.flush()

            def stop() -> dict[str, int]:
                process.stdin.close()
                return dict(json.loads(self._ask(process.stdout.read)))

            yield stop

    def _settle(self) -> None:
        """Wait until every message is where it has to be, or the patience is over."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.ledger.is_settled and time.monotonic() < deadline:
            self.crowd.turn_for(LOOK_SECONDS)

    def _add_up(self, report: Report, begun: float) -> None:
        episode = self.ledger.end(time.monotonic())
        report.sent, report.delivered, report.wrong = episode.sent, episode.delivered, episode.wrong
        for stayer in self.stayers:
            losses = [code for moment, code in stayer.losses if moment >= begun]
            report.lost += bool(losses)
            report.ends += len(losses)
            report.unclosed += losses.count(1006)
            if losses and stayer.is_whole:
                report.back.append(stayer.returns[-1] - begun)
            report.failed += Counter(how for _, how in stayer.failures)
            report.resumes_lost += stayer.follower.resumes_lost
        for knocker in self.knockers:
            report.knocks += knocker.outcomes


def play(order: Order, say: Say) -> Report:
    """Run a play with a server of its own. Raises ``TimeoutError`` and ``BenchError``."""
    ensure_file_limit(order.clients + round(order.knocks))
    with serving(order.workers, ("--drain-seconds", str(order.window))) as server:
        say(f"{order.workers} workers; {order.clients:,} users log in")
        sessions = make_sessions(server.local.redis_url, server.local.directory, order.clients)
        return Play(order, server, sessions, say).run()
