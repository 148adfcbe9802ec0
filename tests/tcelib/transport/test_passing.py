"""Messages off a queue that are passed on, and those that come once more."""

from collections.abc import Sequence

import gevent
import pytest

from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.queue.memory import memory_stream
from tcelib.queue.message import Delivery, Message
from tcelib.service.taken_call import Objection, objection
from tcelib.transport.hub.queue_collection import QueueCollection
from tcelib.transport.hub.queue_link import QueueLink
from tcelib.transport.hub.shell import HubHome
from tcelib.wire.message import CALL, ONEWAY, build_body
from tests.tcelib.runtime.gateway_rig import until_so
from tests.tcelib.transport.rig import OPTIONS

PUSH = build_body(1, CALL | ONEWAY, 7 << 16)


class Given:
    """Source of what it was given."""

    drain_seconds = 0.0

    def __init__(self, *deliveries: Delivery, counts_begun: bool, known: bool = False) -> None:
        self.counts_begun = counts_begun
        self.ended: list[str] = []
        self._deliveries = list(deliveries)
        self._known = known

    def receive(self, count: int) -> Sequence[Delivery]:
        gevent.sleep(0.001)
        found, self._deliveries = self._deliveries, []
        return found

    def objection(self, delivery: Delivery) -> Objection | None:
        return objection(delivery)

    def was_done(self, delivery: Delivery) -> bool:
        return self._known

    def done(self, delivery: Delivery) -> None:
        self.ended.append("done")

    def passed(self, deliveries: Sequence[Delivery]) -> None:
        self.ended += ["done"] * len(deliveries)

    def bury(self, delivery: Delivery, reason: Objection) -> None:
        self.ended.append(reason.reason)

    def give_back(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        return ()

    def drain(self) -> None: ...

    def close(self) -> None: ...

    def forget(self) -> None: ...


def passed(source: Given) -> list[bool]:
    """Word on each message, as whoever passes it on is told: whether it comes again."""
    asked: list[bool] = []
    link = QueueLink(HubHome(), OPTIONS, memory_stream("queue", []), QueueCollection(), source=source)
    link.connection = RpcQueueConnection("queue", link)
    link.connection.route_bodies = lambda _, is_again: asked.append(is_again) or ()
    link.read()
    until_so(lambda: source.ended)
    link.close()
    return asked


@pytest.mark.parametrize("tries", [1, 2])
def test_where_a_try_may_have_broken_off_on_its_way_a_push_is_passed_on_again(tries: int) -> None:
    source = Given(Delivery(Message(PUSH), tries), counts_begun=False)
    assert passed(source) == [tries > 1]
    assert source.ended == ["done"]


def test_what_somebody_has_begun_is_not_passed_on_again() -> None:
    source = Given(Delivery(Message(PUSH), 2), counts_begun=True)
    assert passed(source) == []
    assert source.ended == ["unfinished"]


def test_what_was_passed_on_already_is_only_acknowledged() -> None:
    source = Given(Delivery(Message(PUSH), 2), counts_begun=False, known=True)
    assert passed(source) == []
    assert source.ended == ["done"]
