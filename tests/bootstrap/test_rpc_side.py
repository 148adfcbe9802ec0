"""Calls between the bridge and a service of tcelib, over real queues of both types."""

from collections.abc import Iterator
from pathlib import Path

import gevent
import gevent.event
import pytest

from rtserver.base.bridge.message import CallsLeft, Message, PassCall, ServiceBodies, SilentQueues
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.rpc_side import RpcPlan, build_rpc_services, plan_rpc
from rtserver.rpc.route import QueueType
from tcelib.redis.gevent_redis import gevent_client
from tcelib.wire.message import CALL, MQ_RETURN, USER_ID, RpcMessage, build_body
from tests.rpc.rig import IDL, routes
from tests.tcelib.transport.gevent_rig import QueueRig
from tests.tcelib.transport.talk import ECHO
from tests.until import until

QUEUE = "requests"


class Bridged:
    """The loops of the service thread in the hub of a service, with what they post."""

    def __init__(self, rig: QueueRig, url: str, kind: QueueType) -> None:
        self.posted: list[Message] = []
        self._rig = rig
        (route,) = routes()
        plan = RpcPlan(
            (route.__class__("x", {}, (), QUEUE, kind, 10.0, is_idempotent=False),), {QUEUE: f"{QUEUE}/me"}
        )
        rig.run(lambda: self._start(plan, url))

    def _start(self, plan: RpcPlan, url: str) -> None:
        self.stopping = gevent.event.Event()
        self._client = gevent_client(url)
        self.side = build_rpc_services(plan, self._client, self.posted.append, self.stopping)
        self._loops = [gevent.spawn(source.run) for source in self.side.sources]

    def call(self, text: str) -> None:
        params = ECHO.write_params(text)
        extra = {MQ_RETURN: f"{QUEUE}/me", USER_ID: "7"}
        body = build_body(1, CALL, ECHO.route, paramsize=1, call_id=0x8001, extra=extra, params=params)
        call = PassCall(QUEUE, body, 1, 1e9, is_idempotent=False)
        self._rig.run(lambda: self.side.writers.pass_on(call))

    def of(self, kind: type[Message]) -> list[Message]:
        return [message for message in self.posted.copy() if type(message) is kind]

    def stop(self) -> None:
        def end() -> None:
            self.stopping.set()
            for source in self.side.sources:
                source.stop()
            gevent.killall(self._loops)
            self._client.close()

        self._rig.run(end)


@pytest.fixture(params=QueueType)
def bridged(request: pytest.FixtureRequest, redis_url: str) -> Iterator[Bridged]:
    kind: QueueType = request.param
    rig = QueueRig(redis_url, kind.value)
    bridged = Bridged(rig, redis_url, kind)
    yield bridged
    bridged.stop()
    rig.close()


def test_a_call_is_answered_by_a_service_that_knows_no_queue_but_its_own(bridged: Bridged) -> None:
    for number in range(20):
        bridged.call(f"hello {number}")
    until(lambda: sum(len(each.bodies) for each in bridged.of(ServiceBodies)) == 20, "all are answered")  # type: ignore[attr-defined]
    answers = [RpcMessage.parse(body) for each in bridged.of(ServiceBodies) for body in each.bodies]  # type: ignore[attr-defined]
    assert {each.paramstream for each in answers} == {ECHO.write_params(f"hello {number}") for number in range(20)}
    assert {(each.call_id, each.extra.props[USER_ID]) for each in answers} == {(0x8001, "7")}
    assert bridged.of(CallsLeft)


def test_each_start_waits_for_its_answers_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "shop.idl"
    path.write_text(IDL)
    table = {"idl": str(path), "interfaces": ["shop.Orders"], "queue": "orders"}
    config = Config(rpc_routes={"orders": table})
    first, second = plan_rpc(config), plan_rpc(config)
    assert first is not None
    assert second is not None
    assert first.answers["orders"] != second.answers["orders"]
    assert first.answers["orders"].startswith("orders/")
    assert plan_rpc(Config()) is None


def test_a_stream_without_a_service_is_told(redis_url: str) -> None:
    rig = QueueRig(redis_url, "stream")
    bridged = Bridged(rig, redis_url, QueueType.STREAM)
    try:
        rig.stop_server()
        until(lambda: SilentQueues(frozenset({QUEUE})) in bridged.of(SilentQueues), "nobody reads it")
    finally:
        bridged.stop()
        rig.close()
