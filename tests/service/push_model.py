"""Workers that push, and users who move between them, step by step: without threads, sockets and time.

The parts are the product's own on both sides of the bridge, wired as the server wires them; only who runs the loops,
and when a message crosses the bridge, is different. A page keeps the rules of ``resumption.js``.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from rtserver.base.bridge.message import (
    Deliver,
    DeliverEarly,
    ExpectUser,
    GoneUsers,
    Message,
    PresentUsers,
    PushBegins,
    PushedUntil,
    PushesFrom,
    PushesLost,
    Replay,
    Resume,
    Seen,
    WatchUsers,
)
from rtserver.base.queue.port import START, Bound, order_of
from rtserver.base.queue.work import WorkQueue
from rtserver.registry.service_lease import PUSHES, ServiceLease
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.pipeline.pipeline import Pipeline, PipelineLimits
from rtserver.service.push.direct_pushes import DirectPushes
from rtserver.service.push.push_keeper import PushKeeper
from rtserver.service.push.push_user import PushUserMsgHandler
from rtserver.service.push.resume_service import ResumeService
from rtserver.service.push.user_streams import UserStreams
from rtserver.service.queue_link import QueueLink
from rtserver.service.user_commands import UserCommands
from rtserver.user.agent_registry import AgentIndex
from rtserver.user.push_interest import PushInterest
from rtserver.user.seen_offset import SeenOffsets
from tcelib.lease.port import LeasePort
from tests.service.bus_model import FaultyQueue, Stepped, Stop
from tests.service_fakes import at_once

STEPS = ("read", "work", "mail", "deliver", "look", "report", "answer", "sweep", "hints")
ROUNDS = 60
_NUMBERS = count(1)


class BusyQueue(FaultyQueue):
    """A queue during whose next call ``meanwhile`` happens: another loop goes on while this one waits."""

    def __init__(self, queue: WorkQueue) -> None:
        super().__init__(queue)
        self.meanwhile: Callable[[], object] | None = None

    def _wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        run = super()._wrapped(call)

        def interrupted(*arguments: Any, **options: Any) -> Any:
            meanwhile, self.meanwhile = self.meanwhile, None
            if meanwhile is not None:
                meanwhile()
            return run(*arguments, **options)

        return interrupted


class Page:
    """A page of one user: ``got`` has the numbers that it has shown, ``losses`` the reasons of what it was told."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id
        self.got: list[int] = []
        self.losses: list[str] = []
        self.worker: PushWorker | None = None
        self.waits_at: PushWorker | None = None
        self.is_waiting = self.is_resuming = False
        self.number = 0
        self._newest: str | None = None
        self._live_from: str | None = None
        self._held: list[tuple[str, int]] = []

    def begin(self, worker: "PushWorker", number: int, live_from: str | None) -> None:
        """Be told ``userinfo``, and ask for what was missed."""
        self.worker, self.number, self._live_from = worker, number, live_from
        self.is_waiting, self.is_resuming, self._held = False, True, []
        worker.inbox.append(Resume(number, 1, self.user_id, self._newest, live_from))

    def receive(self, payload: bytes) -> None:
        """Take a message, live or resumed."""
        message = msgspec.json.decode(payload)
        offset, number = message["offset"], message["data"]
        if self.is_resuming and (self._live_from is None or order_of(offset) > order_of(self._live_from)):
            self._held.append((offset, number))
        else:
            self._show(offset, number)

    def end_resume(self, gone: str | None) -> None:
        """Show what was held back."""
        self.is_resuming = False
        if gone is not None:
            self.losses.append(gone)
        for offset, number in sorted(self._held, key=lambda held: order_of(held[0])):
            self._show(offset, number)
        if self._live_from is not None and order_of(self._live_from) > order_of(self._newest or START):
            self._newest = self._live_from

    def _show(self, offset: str, number: int) -> None:
        if order_of(offset) > order_of(self._newest or START):
            self._newest = offset
            self.got.append(number)


class PushWorker:
    """One life of a worker. ``now`` is the clock of the leases.

    ``inbox`` crosses the bridge to the services, ``outbox`` to the users.
    """

    def __init__(
        self,
        name: str,
        queue: WorkQueue,
        leases: LeasePort,
        *,
        now: Callable[[], float],
        loop: asyncio.AbstractEventLoop,
        pages: dict[str, Page],
        lives: set[int],
    ) -> None:
        self.number = next(_NUMBERS)
        lives.add(self.number)
        self.queue = BusyQueue(queue)
        self._loop = loop
        self._pages = pages
        self._running: set[str] = set()
        self._is_rested = self._has_begun = False
        self._numbers = 0
        self.inbox: deque[Message] = deque()
        self.outbox: deque[Message] = deque()
        port, stop = cast(Any, self.queue), Stop()
        link = QueueLink(lambda _seconds: None)
        post = cast(Callable[..., object], self._post)
        self.streams = UserStreams(port, link, Bound(1_000, 86_400))
        self.handler = PushUserMsgHandler(ServiceContext(post, UserCommands(post), at_once), self.streams)
        lease = ServiceLease(leases, PUSHES, f"{name}#{id(self)}", clock=now)
        self.keeper = PushKeeper(self.handler, self.streams, lease, link, rest=stop.wait, on_stop=stop.set, now=now)
        self.direct = DirectPushes(
            self.handler,
            port,
            link,
            lambda: tuple(lives),
            least=2,
            rest=stop.wait,
            on_stop=stop.set,
            pause=lambda _seconds: None,
            now=now,
        )
        self.direct.own_lease = lambda: self.number
        self.resumes = ResumeService(self.streams, post, stop, self._rest)
        self.pipeline = Pipeline(
            port,
            link,
            [self.handler],
            is_congested=lambda: False,
            pause=self._pause,
            event=lambda: stop,
            worker=name,
            limits=PipelineLimits(4, 50, lane_bound=3, lane_batch=2),
            now=now,
        )
        self.lane = self.pipeline.lanes[0]
        self.lane.on_lost = lambda offset: self._post(PushesLost(offset))
        self.by_user = AgentIndex()
        self.offsets = SeenOffsets()
        self.interest = PushInterest(self.by_user, self.inbox.append, self.offsets.on_push)
        self.direct.reader = self.pipeline.reader
        self.pipeline.reader.locate()
        self.pipeline.offsets.begin()
        self.steps: dict[str, Callable[[], object]] = {
            "read": self.pipeline.reader.read,
            "work": self.pipeline.workers[0].run,
            "mail": self._mail,
            "deliver": self._deliver,
            "look": self._look,
            "hints": self.direct.follow,
            "report": self.pipeline.offsets.report,
            "answer": self._answer,
            "sweep": self.interest.sweep,
        }

    def step(self, name: str) -> None:
        """One turn of a loop, unless it is just in the middle of one."""
        if name in self._running:
            return
        self._running.add(name)
        with suppress(Stepped):
            self.steps[name]()
        self._running.discard(name)

    def _look(self) -> None:
        self.keeper.look()
        self.direct.look()

    def connect(self, page: Page) -> None:
        """Let a page come: it opens as soon as it may."""
        page.is_waiting, page.waits_at = True, self
        task = self._loop.create_task(self._open(page))
        self._turn()
        assert not task.done() or task.exception() is None

    def disconnect(self, page: Page) -> None:
        """Let a page go."""
        self.by_user.remove(page.user_id, _agent(page.number))
        self.interest.went(page.user_id)
        page.worker = None

    async def _open(self, page: Page) -> None:
        if self.interest.must_wait(page.user_id):
            await self.interest.wait(page.user_id)
        self._numbers += 1
        page.begin(self, self._numbers, self.offsets.offset_for(page.user_id))
        self.by_user.add(page.user_id, _agent(page.number))

    def _turn(self) -> None:
        for _ in range(4):
            self._loop.run_until_complete(asyncio.sleep(0))

    def _post(self, *messages: Message) -> None:
        self.outbox.extend(messages)

    def _pause(self, _seconds: float) -> None:
        if "read" not in self._running:
            raise Stepped

    def _rest(self, _seconds: float) -> None:
        """One look in each step."""
        self._is_rested = not self._is_rested
        if self._is_rested:
            raise Stepped

    def _answer(self) -> None:
        """Answer resumes. The loop says first where pushes begin, which it has to do once."""
        if not self._has_begun or len(self.resumes):
            self._has_begun = True
            self.resumes.run()

    def _mail(self) -> None:
        """Bring one message to the services."""
        if self.inbox:
            message = self.inbox.popleft()
            if isinstance(message, Resume | Seen):
                self.resumes.add(message)
            elif isinstance(message, PresentUsers | ExpectUser | GoneUsers):
                self.handler.on_users(message)

    def _deliver(self) -> None:
        """Bring one message to the users."""
        if not self.outbox:
            return
        match self.outbox.popleft():
            case Deliver() as message:
                self._push(message)
            case PushBegins(offset):
                self.offsets.begin(offset)
            case PushedUntil(offset):
                self.offsets.on_push(offset)
            case PushesLost(offset):
                self.offsets.lose(offset)
                for page in self._present(None):
                    page.losses.append("missed")
            case WatchUsers() as message:
                self.interest.on_watch(message)
            case PushesFrom() as message:
                self.interest.on_answer(message)
                self._turn()
            case Replay() as message:
                self._resume(message)

    def _push(self, message: Deliver) -> None:
        users = None if message.user_ids is None else [*map(str, message.user_ids)]
        for page in self._present(users):
            page.receive(message.payload)
        if message.offset is None:
            return
        if isinstance(message, DeliverEarly) and users:
            self.offsets.on_early(users[0], message.offset)
        else:
            self.offsets.on_push(message.offset)

    def _resume(self, message: Replay) -> None:
        for page in self._present(None):
            if page.number != message.agent:
                continue
            for payload in message.messages:
                page.receive(payload)
            if message.is_all:
                page.end_resume(message.gone)
            else:
                self.inbox.append(Resume(page.number, 1, page.user_id, message.after, message.until))

    def _present(self, user_ids: list[str] | None) -> list[Page]:
        return [
            page
            for page in self._pages.values()
            if page.worker is self and (user_ids is None or page.user_id in user_ids)
        ]


def _agent(number: int) -> Any:
    return SimpleNamespace(id=number)
