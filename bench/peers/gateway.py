"""A gateway of tcelib between TCP clients and a queue, and with ``--publish`` the service behind that queue.

``--kind`` is that of the queue: ``stream`` or ``mq`` in the Redis at ``BENCH_REDIS_URL``, ``qpid`` at the broker at
``BENCH_AMQP_PORT``, or ``memory``, of which the service is a greenlet of the gateway's own process. The service gives
back what it gets, as bytes: it is there to answer, not to be measured.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

import gevent
import gevent.event
from work import READY

from tcelib.lease.redis import RedisLeases
from tcelib.queue.address import parse_address
from tcelib.queue.amqp.open import open_queue
from tcelib.queue.memory import MemoryListQueue
from tcelib.queue.message import Message
from tcelib.queue.redis_list import RedisListQueue
from tcelib.queue.redis_stream import redis_stream
from tcelib.queue.shell.thread_waiting import ThreadWaiting
from tcelib.redis.redis_connection import plain_client
from tcelib.runtime.collector import rest_collector
from tcelib.runtime.gateway.program import start_gateway
from tcelib.service.service_lease import REGISTRY, ServiceLease, unique_name
from tcelib.transport.hub import queue_kind
from tcelib.transport.hub.queue_source import BareSource
from tcelib.transport.option import Options
from tcelib.wire.message import RETURN

CALLS, ANSWERS, READER = "bench_calls", "bench_answers", "service"
DIRECT = "_direct"
"""End of the names of a second pair, on which a client calls the same service without a gateway."""
AT_ONCE = 1_000
START_SECONDS = 1.0
"""Until then the service has its lease, and the gateway knows of it. Before, calls are refused."""
SERVICES = """
<SNS>
  <InterfaceDef><if id="2" name="rpc.Calls"/></InterfaceDef>
  <EndPoints>
    <ep name="clients" type="socket" host="127.0.0.1" port="{port}"/>
    <ep name="{calls}" type="{kind}" host="{host}" port="{queue_port}"/>
    <ep name="{answers}" type="{kind}" host="{host}" port="{queue_port}"/>
  </EndPoints>
  <servers><server name="gateway">
    <route if="rpc.Calls" timeout="30">
      <call in="clients" out="{calls}"/>
      <return in="{answers}" out="clients"/>
    </route>
    <properties>
      <property name="listen" value="clients"/>
      <property name="loopback" value="{calls}#{answers}"/>
      <property name="limit.calls" value="0"/>
      <property name="limit.bytes" value="0"/>
    </properties>
  </server></servers>
</SNS>
"""


class HubQueue(MemoryListQueue):
    """A list in memory whose readers are woken, between greenlets of one hub."""

    def __init__(self, name: str) -> None:
        super().__init__(name, wait=self._wait_for)
        self._has_some = gevent.event.Event()

    def put(self, messages: Sequence[Message]) -> None:
        super().put(messages)
        self._has_some.set()

    def _wait_for(self, is_so: Callable[[], bool], timeout: float) -> None:
        if not is_so():
            self._has_some.clear()
            self._has_some.wait(timeout)


def as_answer(body: bytes) -> bytes:
    """Return the answer that repeats the parameters and extra values of a call: TCE protocol, section 2."""
    return b"%b%c%b\0\0%b" % (body[:5], RETURN, body[6:8], body[10:])


def answer_all(take: Callable[[], Sequence[bytes]], put: Callable[[list[bytes]], object]) -> None:
    """Answer calls, for ever."""
    while True:
        put([as_answer(body) for body in take()])


def serve(options: argparse.Namespace) -> None:
    """Be the gateway."""
    queues = {name: HubQueue(name) for name in (CALLS, ANSWERS)}

    def open_memory(url: str, key: str, reads: bool, options: Options) -> queue_kind.Opened:
        queue = queues[parse_address(key).name]
        return queue_kind.Opened(queue, BareSource(queue) if reads else None, has_headers=False)

    is_memory = options.kind == "memory"
    file = Path(os.environ["BENCH_DIRECTORY"]) / "services.xml"
    kind = "qpid" if is_memory else options.kind
    redis = urlsplit(os.environ.get("BENCH_REDIS_URL", ""))
    queue_port = redis.port or os.environ.get("BENCH_AMQP_PORT", "5672")
    names = {"port": options.port, "calls": CALLS, "answers": ANSWERS}
    file.write_text(SERVICES.format(**names, kind=kind, host="127.0.0.1", queue_port=queue_port), encoding="utf-8")
    in_memory = {"qpid": queue_kind.QueueKind("", 0, open_memory)} if is_memory else {}
    with patch.dict(queue_kind.KINDS, in_memory):
        program = start_gateway("gateway", file)
        if is_memory:
            gevent.spawn(
                answer_all,
                lambda: [each.body for each in queues[CALLS].take(READER, AT_ONCE, 3)],
                lambda bodies: queues[ANSWERS].put([Message(body) for body in bodies]),
            )
        rest_collector()
        program.waitForShutdown()


def url_of(kind: str) -> str:
    """Return the address of the queue's server."""
    return f"amqp://127.0.0.1:{os.environ['BENCH_AMQP_PORT']}" if kind == "qpid" else os.environ["BENCH_REDIS_URL"]


def serve_calls(kind: str, calls_name: str, answers_name: str) -> None:
    """Be the service."""
    url = url_of(kind)
    if kind == "mq":
        calls, answers = (RedisListQueue(plain_client(url), name) for name in (calls_name, answers_name))
        answer_all(
            lambda: [each.body for each in calls.take(READER, AT_ONCE, 3)],
            lambda bodies: answers.put([Message(body) for body in bodies]),
        )
    elif kind == "qpid":
        serve_node(url, calls_name, answers_name)
    else:
        serve_stream(url, calls_name, answers_name)


def serve_stream(url: str, calls: str, answers_to: str) -> None:
    """Take, answer and acknowledge, with as few words as may be, under a lease."""
    client = plain_client(url)
    lease = ServiceLease(*(RedisLeases(plain_client(url), REGISTRY) for _ in range(2)), unique_name(), calls)
    lease.begin()
    while not lease.is_held:
        time.sleep(0.01)
    redis_stream(client, calls).take(lease.reader, 1, 0.001)  # makes the group
    reading = ("XREADGROUP", "GROUP", "workers", lease.reader, "COUNT", AT_ONCE, "BLOCK", 1000, "STREAMS", calls, ">")
    while True:
        for _, entries in client.call(*reading) or ():
            answers = [("XADD", answers_to, "*", "body", as_answer(fields[1])) for _, fields in entries]
            ids = [entry_id for entry_id, _ in entries]
            client.call_together([*answers, ("XACK", calls, "workers", *ids), ("XDEL", calls, *ids)])


def serve_node(url: str, calls_name: str, answers_name: str) -> None:
    """The same at a broker."""
    calls, answers = (open_queue(url, parse_address(name), ThreadWaiting()) for name in (calls_name, answers_name))
    while True:
        taken = calls.take(READER, AT_ONCE, 3)
        if taken:
            answers.put([Message(as_answer(each.body)) for each in taken])
            calls.acknowledge([each.id for each in taken])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", choices=("memory", "stream", "mq", "qpid"), required=True)
    parser.add_argument("--port", type=int)
    parser.add_argument("--publish", action="store_true", help="be the service")
    options = parser.parse_args()
    if not options.publish:
        serve(options)
        return
    if options.kind != "memory":
        for end in ("", DIRECT):
            threading.Thread(target=serve_calls, args=(options.kind, CALLS + end, ANSWERS + end), daemon=True).start()
    time.sleep(START_SECONDS)
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    sys.stdin.read()  # ends when the harness does


if __name__ == "__main__":
    main()
