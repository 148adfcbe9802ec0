"""Calls of users to services behind queues, built and wired on both threads, where the configuration has routes."""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import gevent.event

from rtserver.base.bridge.message import Message
from rtserver.base.tce.passage import OpenPassage
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.rpc_route import rpc_routes
from rtserver.handlers.rpc import RpcMsgHandler, rpc_handler
from rtserver.rpc.route import QueueType, RpcRoute
from rtserver.rpc.routing import answer_queue
from rtserver.service.rpc.answer_reader import AnswerReader, Inward, ListInward, StreamInward
from rtserver.service.rpc.answer_sweep import AnswerSweep
from rtserver.service.rpc.call_writer import CallQueue, CallWriters
from rtserver.service.rpc.responder_loop import ResponderLoop
from rtserver.service.thread.service_thread import Source
from rtserver.user.rpc.json_caller import JsonCaller
from rtserver.user.rpc.rpc_gate import LOOK_SECONDS, RpcGate
from rtserver.user.rpc.tce_passage import TcePassage
from rtserver.user.user_manager import UserManager
from tcelib.lease.redis import RedisLeases
from tcelib.lease.renewal import steady_clock
from tcelib.queue.reader import Reader, ReaderRule
from tcelib.queue.redis_commands import RedisCommands
from tcelib.queue.redis_list import RedisListQueue
from tcelib.queue.redis_stream import redis_stream
from tcelib.redis.redis_connection import RedisClient
from tcelib.service.away_queues import AwayQueues
from tcelib.service.call_body import expires_of
from tcelib.service.service_lease import REGISTRY, unique_name

LEAST_SILENCE = 600.0
"""Seconds of silence after which a server counts as gone: longer than it may be frozen, and than services take."""


@dataclass(frozen=True)
class RpcPlan:
    """Routes of one server. ``answers`` maps each queue of calls to the one on which it reads the answers.

    That one has a name that no server ever had: an answer to a call of the last start must not find one of this.
    """

    routes: tuple[RpcRoute, ...]
    answers: Mapping[str, str]

    @property
    def types(self) -> Mapping[str, QueueType]:
        """Type of each queue."""
        return {route.queue: route.type for route in self.routes}


@dataclass(frozen=True)
class RpcServiceSide:
    """Loops of the service thread. ``writers`` take the calls from the bridge."""

    sources: Sequence[Source]
    writers: CallWriters


def plan_rpc(config: Config) -> RpcPlan | None:
    """Return the plan of a configuration, None without routes. Raises ``ConfigError``."""
    routes = rpc_routes(config)
    if not routes:
        return None
    reader = secrets.token_hex(6)
    return RpcPlan(routes, {route.queue: answer_queue(route.queue, reader) for route in routes})


def build_rpc_services(
    plan: RpcPlan, client: RedisClient, post: Callable[[Message], object], stopping: gevent.event.Event
) -> RpcServiceSide:
    """Build the loops. ``client`` must be on gevent's sockets; ``stopping`` is set when the thread begins to end."""
    queues: dict[str, CallQueue] = {}
    sources: list[Source] = []
    streams = [queue for queue, type_ in plan.types.items() if type_ is QueueType.STREAM]
    for queue, type_ in plan.types.items():
        is_stream = type_ is QueueType.STREAM
        outward = redis_stream(client, queue) if is_stream else RedisListQueue(client, queue)
        queues[queue] = CallQueue(outward, has_headers=is_stream)
        inward = _inward(client, plan.answers[queue], stopping.wait, is_stream=is_stream)
        sources.append(AnswerReader(queue, inward, post, pause=stopping.wait))
    longest = max(route.timeout for route in plan.routes)
    sources.append(
        AnswerSweep(
            dict(plan.answers),
            partial(RedisCommands, client),
            silent_seconds=max(LEAST_SILENCE, 2 * longest),
            pause=stopping.wait,
        )
    )
    if streams:
        away: set[str] = set()
        keys = {queue: queue for queue in streams}
        looking = AwayQueues(RedisLeases(client, REGISTRY), keys, away, clock=steady_clock)
        sources.append(ResponderLoop(looking, away, post, pause=stopping.wait))
    return RpcServiceSide(sources, CallWriters(queues, post, ending=gevent.event.Event()))


def build_gate(plan: RpcPlan, post: Callable[[Message], object]) -> RpcGate:
    """Build the gate of the websocket thread."""
    return RpcGate(plan.routes, plan.answers, post=post, now=time.monotonic)


def rpc_handlers(plan: RpcPlan, gate: RpcGate) -> list[Callable[[UserManager], RpcMsgHandler]]:
    """Return what makes the handlers of JSON messages, one for each operation."""
    loop = asyncio.get_running_loop()
    return [
        partial(
            rpc_handler(operation),
            operation=operation,
            open_caller=lambda agent: JsonCaller(gate, agent, loop.create_future),
            part=gate.part,
        )
        for route in plan.routes
        for operation in route.operations
    ]


def passage_opener(gate: RpcGate, users: UserManager) -> OpenPassage:
    """Return what makes the passages of TCE connections. Messages of the services reach ``gate`` from now on."""
    for kind, receiver in gate.receivers().items():
        users.receive(kind, receiver)
    return partial(TcePassage, gate, users.rights)


async def watch_deadlines(gate: RpcGate) -> None:
    """Answer the calls whose time is over, for ever."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        gate.expire()


def _inward(client: RedisClient, answers: str, pause: Callable[[float], object], *, is_stream: bool) -> Inward:
    if not is_stream:
        return ListInward(RedisListQueue(client, answers, expires_of=expires_of))
    rule = ReaderRule(most_held=5_000)
    return StreamInward(Reader(redis_stream(client, answers), unique_name(), rule=rule, pause=pause))
