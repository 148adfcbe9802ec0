"""A server, a page and a producer, on a Redis whose primary is about to be another one."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rtserver.base.queue.port import QueueError
from rtserver.service.message_queue import ServiceMessageQueue
from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.redis_cluster import RedisCluster
from tests.running_server import RunningServer
from tests.sentinel_group import SentinelGroup
from tests.system.test_resume import Page, metrics
from tests.until import until

OPTIONS = ("--no-demo-quotes", "--canary-seconds", "0", "--worker", "one")
FIRST, LAST = 10, 40
BACK_SECONDS = 20.0
"""Until all messages are there: 5 s for a socket that nobody answers, the Sentinels' 1 s, and a busy machine."""
Redises = SentinelGroup | RedisCluster


class Stage:
    """A server, a page of user 1 and a producer, which sends again, under the same id, what was not answered."""

    def __init__(self, server: RunningServer, producer: ServiceMessageQueue) -> None:
        self.server = server
        self.page = Page()
        self._producer = producer
        self.page.resume(server, DemoLogin(server.url))

    def push(self, number: int) -> None:
        until(lambda: self._is_pushed(number), f"{number} is taken")

    def _is_pushed(self, number: int) -> bool:
        data = {"user_id": 1, "type": "n", "data": number}
        try:
            self._producer.put("pushuser", "test", data, id=number)
        except QueueError:
            return False
        return True

    def lost(self) -> int:
        return int(metrics(self.server)["rtserver_bus_lost_total"])


@contextmanager
def stage_on(redises: Redises, directory: Path) -> Iterator[Stage]:
    with (
        RunningServer(redises.address, directory, unused_port(), *OPTIONS) as server,
        closing(ServiceMessageQueue.connect(redises.address)) as producer,
    ):
        stage = Stage(server, producer)
        yield stage
        stage.page.leave()


def check(stage: Stage, redises: Redises, fault: Callable[[], None]) -> None:
    """What was acknowledged before the fault has been copied; from then on everything has to come."""
    for number in range(FIRST):
        stage.push(number)
    stage.page.read_until(FIRST)
    redises.wait_synced()
    fault()
    began = time.monotonic()
    for number in range(FIRST, LAST):
        stage.push(number)
    stage.page.read_until(LAST)
    took = time.monotonic() - began
    assert stage.page.got == list(range(LAST))
    assert took < BACK_SECONDS
