"""Pushes to users who move between three workers at every point: nothing is lost, and nothing comes twice.

Steps in any order: producers put; one of the workers reads, works, decides who keeps, answers, has one message cross
the bridge in either direction, or does any of these while another one of its loops waits for the queue; some go on
for seconds while the others stand still; a page comes to a worker, goes, and comes to another one; a worker is
killed, and starts again under its name later; commands fail before they were done, or afterwards. In the end each
page has shown each message to its user, in order, once.
"""

import asyncio
import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.work import WorkQueue
from rtserver.service.message import encode
from rtserver.service.push import resume_service
from tcelib.lease.memory import MemoryLeases
from tests.service.push_model import ROUNDS, STEPS, Page, PushWorker

WORKERS = ("one", "two", "three")
USERS = ("7", "ann")
RECEIVERS = st.sampled_from([7, 7, "ann", "ann", "nobody", [7, "ann"], ["ann", "nobody"], "*"])
NAMES, USER_IDS = st.sampled_from(WORKERS), st.sampled_from(USERS)


class PushMachine(RuleBasedStateMachine):
    """``put_numbers`` has, for each user, the numbers of the messages to that user."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0
        self.loop = asyncio.new_event_loop()
        self.queue = self.make_queue()
        self.leases = MemoryLeases(lambda: self.now)
        self.count = 0
        self.lives: set[int] = set()
        self.unknown: set[str] = set()  # users whom the registry does not know
        self.put_numbers: dict[str, list[int]] = {user_id: [] for user_id in USERS}
        self.pages = {user_id: Page(user_id) for user_id in USERS}
        self.workers = {name: self.start(name) for name in WORKERS}
        self.run_all(5)  # one of them keeps

    def make_queue(self) -> WorkQueue:
        """An empty one."""
        raise NotImplementedError

    def start(self, name: str) -> PushWorker:
        return PushWorker(
            name, self.queue, self.leases, now=lambda: self.now, loop=self.loop, pages=self.pages, lives=self.lives
        )

    @rule(receivers=st.lists(RECEIVERS, min_size=1, max_size=6), is_routed=st.booleans())
    def put(self, receivers: list[object], is_routed: bool) -> None:
        for user_id in receivers:
            data = {"user_id": user_id, "type": "numbered", "data": self.count}
            raw = encode("pushuser", "test", data)
            self.queue.put([raw if is_routed else raw.replace(b'"to"', b'"not_to"', 1)])
            named = USERS if user_id == "*" else map(str, user_id if isinstance(user_id, list) else [user_id])
            for each in set(named) & set(USERS):
                self.put_numbers[each].append(self.count)
            self.count += 1
        while self.queue.intake(0).messages:
            pass

    @rule(name=NAMES, steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=8))
    def go_on(self, name: str, steps: list[str]) -> None:
        for step in steps if name in self.workers else ():
            self.workers[name].step(step)

    @rule(name=NAMES, step=st.sampled_from(STEPS))
    def go_on_meanwhile(self, name: str, step: str) -> None:
        """While the next command is under way, another loop of the worker goes on."""
        if (worker := self.workers.get(name)) is not None:
            worker.queue.meanwhile = lambda: worker.step(step)

    @rule(user_id=USER_IDS, name=NAMES)
    def move(self, user_id: str, name: str) -> None:
        """Leave one worker, and come to another one, or the same."""
        page = self.pages[user_id]
        if not page.is_waiting and name in self.workers:
            self.leave(page)
            self.workers[name].connect(page)

    @rule(user_id=USER_IDS, name=NAMES)
    def move_at_once(self, user_id: str, name: str) -> None:
        """The same; the worker has nothing else to do until the page is open."""
        self.move(user_id, name)
        for step in ("mail", "work", "deliver") * 12:
            if self.pages[user_id].is_waiting:
                self.workers[name].step(step)

    @rule(user_id=USER_IDS, name=NAMES)
    def come_right_behind(self, user_id: str, name: str) -> None:
        """Come to a worker that has just seen a message to the user go by, and be answered before others go on."""
        self.put([user_id], is_routed=True)
        for step in ("read", "work", "work"):
            if name in self.workers:
                self.workers[name].step(step)
        self.move_at_once(user_id, name)
        for step in ("mail", "answer", "deliver") * 8:
            if name in self.workers:
                self.workers[name].step(step)

    @rule()
    def all_go_on(self) -> None:
        self.run_all(1)

    @rule(user_id=USER_IDS)
    def go_away(self, user_id: str) -> None:
        self.leave(self.pages[user_id])

    def leave(self, page: Page) -> None:
        if page.worker is not None:
            page.worker.disconnect(page)

    @rule(user_id=USER_IDS)
    def forget_in_the_registry(self, user_id: str) -> None:
        self.unknown ^= {user_id}

    @rule(user_id=USER_IDS, name=NAMES, other=NAMES)
    def overtake_the_bus(self, user_id: str, name: str, other: str) -> None:
        """A message is kept by one worker, and another one is told before it reads the bus."""
        self.put([user_id], is_routed=True)
        for step in ("read", "work", "work"):
            if name in self.workers:
                self.workers[name].step(step)
        for step in ("hints", "deliver", "deliver"):
            if other in self.workers:
                self.workers[other].step(step)

    @rule(name=NAMES)
    def kill(self, name: str) -> None:
        worker = self.workers.pop(name, None)
        if worker is not None:
            self.lives.discard(worker.number)
        for page in self.pages.values():
            if page.worker is worker:
                page.worker = None
            if page.waits_at is worker:
                page.is_waiting = False

    @rule(name=NAMES)
    def start_again(self, name: str) -> None:
        if name not in self.workers:
            self.workers[name] = self.start(name)

    @rule(names=st.sets(NAMES, min_size=1, max_size=2), seconds=st.integers(1, 14))
    def stand_still(self, names: set[str], seconds: int) -> None:
        """Some go on alone for a while. The lease of one that stands still ends meanwhile."""
        for _ in range(seconds):
            self.now += 1
            for name in names & self.workers.keys():
                for step in STEPS:
                    self.workers[name].step(step)

    @rule(name=NAMES, fault=st.sampled_from(["before", "after"]))
    def break_off(self, name: str, fault: str) -> None:
        if name in self.workers:
            self.workers[name].queue.fault = fault

    def run_all(self, rounds: int) -> None:
        for _ in range(rounds):
            self.now += 1
            for worker in self.workers.values():
                for step in STEPS * 2:
                    worker.step(step)

    def is_over(self) -> bool:
        """Return whether every page has what is its own, and one worker keeps."""
        return sum(worker.keeper.is_keeping for worker in self.workers.values()) == 1 and all(
            page.got == self.put_numbers[user_id] and not page.is_waiting and not page.is_resuming
            for user_id, page in self.pages.items()
        )

    def teardown(self) -> None:
        try:
            for name in WORKERS:
                self.start_again(name)
            self.run_all(3)
            for page in self.pages.values():
                if page.worker is None and not page.is_waiting:
                    self.workers["two"].connect(page)
            for _ in range(ROUNDS):
                self.run_all(1)
                if self.is_over():
                    break
            for user_id, page in self.pages.items():
                assert not page.is_waiting, f"{user_id} waits for ever"
                assert not page.is_resuming, f"{user_id} is not answered"
                assert page.got == self.put_numbers[user_id]
                assert page.losses == []
            assert sum(worker.keeper.is_keeping for worker in self.workers.values()) == 1
        finally:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()


class InMemory(PushMachine):
    """The twin. What the registry says is wrong most of the time: every worker is told of everybody, or nobody is."""

    def make_queue(self) -> WorkQueue:
        queue = MemoryQueue(now=lambda: self.now)
        queue.has_user = lambda lease, user_id: user_id not in self.unknown
        return queue


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Faults are logged, and thousands of them are of no use here. Nobody waits for long."""
    monkeypatch.setattr(resume_service, "LOOKS", 3)
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_users_who_move_miss_nothing_and_get_nothing_twice() -> None:
    rules = settings(
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(InMemory, settings=rules)
