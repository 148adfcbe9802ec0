"""A program that forks with open connections, for ``test_fork``: arguments are a way, a kind, a port, a certificate.

Parent and children ask at the same time and compare what comes. The exit status is 0 if nobody got somebody else's
answer.
"""

import asyncio
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import gevent
import gevent.event
import gevent.os
import gevent.select
import gevent.ssl

import tcelib as tce
from tcelib.redis.redis_connection import plain_client
from tcelib.transport import asyncio_tcp, gevent_tcp, gevent_websocket
from tcelib.transport.hub.queue_collection import QueueCollection
from tcelib.transport.hub.queue_kind import KINDS, open_queue
from tcelib.transport.option import Options
from tests.tcelib.transport.talk import Talk, TalkPrx

CHILDREN, ROUNDS = 3, 30
OPTIONS = Options(call_timeout=10.0)
Ask = Callable[[str], bool]


def begin(way: str, work: Callable[[], int]) -> Callable[[], int]:
    """Start a child that does ``work``; what gives its status when it has ended."""
    if way == "multiprocessing":
        process = multiprocessing.get_context("fork").Process(target=lambda: os._exit(work()))
        process.start()

        def join() -> int:
            process.join()
            return process.exitcode or 0

        return join
    pid = gevent.os.fork() if way == "gevent" else os.fork()
    if pid == 0:
        os._exit(work())
    wait = gevent.os.waitpid if way == "gevent" else os.waitpid
    return lambda: os.waitstatus_to_exitcode(wait(pid, 0)[1])


def begin_elsewhere(way: str, work: Callable[[], int]) -> Callable[[], int]:
    """The same from a thread that is not the connection's."""
    if way != "thread":
        return begin(way, work)
    begun: list[Callable[[], int]] = []
    thread = threading.Thread(target=lambda: begun.append(begin("os", work)))
    thread.start()
    thread.join()
    return begun[0]


def asks_all(prx: TalkPrx, name: str, rounds: int = ROUNDS) -> bool:
    """Tell if each answer was to a question of ``name``, who asks three at a time."""
    for number in range(rounds):
        asked = [f"{name} {number}.{part}" for part in range(3)]
        promises = [prx.echo_async(text) for text in asked]
        if [promise.get(10) for promise in promises] != asked:
            sys.stderr.write(f"{name} got something else\n")
            return False
    return True


def with_gevent(way: str, kind: str, port: int, certificate: str) -> bool:
    tls: Any = None
    if kind == "tls":
        tls = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_CLIENT)
        tls.load_verify_locations(certificate)
    dial = gevent_websocket.dial if kind == "websocket" else gevent_tcp.dial
    prx = TalkPrx(dial("127.0.0.1", port, tls=tls, options=OPTIONS))
    assert prx.echo("x" * 200) == "x" * 200
    busy = gevent.spawn(asks_all, prx, "parent")
    unanswered = prx.hold_async("of the parent")
    gevent.sleep(0)  # some of the parent's questions are under way when the children come

    def work(name: str) -> int:
        try:
            unanswered.get(10)
        except tce.RpcException as error:
            is_told = error.errcode == tce.RPCERROR_CONNECTION_LOST
        return 0 if is_told and asks_all(prx, name) else 1

    joins = [begin_elsewhere(way, partial(work, f"child {number}")) for number in range(CHILDREN)]
    is_right = busy.get() and sum(join() for join in joins) == 0
    return is_right and asks_all(prx, "parent again") and not unanswered.done()


def with_queues(way: str, url: str, kind: str) -> bool:
    """The server of the queue is in the test; the answers of the parent must not be taken off by a child."""
    queues, options = QueueCollection(), OPTIONS
    writer = open_queue("requests", url, "requests", queues, reads=False, writes=True, options=options, kind=kind)
    writer.setLoopbackMQ(
        open_queue("answers", url, "answers", queues, reads=True, writes=False, options=options, kind=kind)
    )
    prx = TalkPrx(writer)
    assert prx.echo("before") == "before"
    asked_on, tell = os.pipe()

    def work() -> int:
        try:
            prx.echo("of the child")
        except tce.RpcException as error:
            is_told = error.errcode == tce.RPCERROR_SENDFAILED and "before the fork" in str(error)
        gevent.select.select([asked_on], [], [])  # its hub runs while the parent asks
        return 0 if is_told else 1

    joins = [begin_elsewhere(way, work) for _ in range(CHILDREN)]
    is_right = asks_all(prx, "parent")
    os.write(tell, b"done")
    return is_right and sum(join() for join in joins) == 0


def with_redis(way: str, url: str) -> bool:
    """Producers of parent and children each have connections of their own."""
    client = plain_client(url)
    mine = client.call("CLIENT ID")

    def work() -> int:
        return 0 if all(client.call("ECHO", str(n)) == str(n).encode() for n in range(ROUNDS)) else 1

    joins = [begin_elsewhere(way, work) for _ in range(CHILDREN)]
    is_right = all(client.call("ECHO", f"p{n}") == f"p{n}".encode() for n in range(ROUNDS))
    is_right = is_right and sum(join() for join in joins) == 0
    return is_right and bool(client.call("CLIENT ID") == mine)


def as_server(way: str) -> bool:
    """The parent answers questions to its server while a child's hub runs, and after it has ended."""
    communicator = tce.RpcCommunicator.instance()
    ep = tce.RpcEndPoint(host="127.0.0.1")
    communicator.createAdapter("served", ep).addServant(Talk(gevent.event.Event()))
    there = tce.RpcEndPoint(host="127.0.0.1", port=ep.port)
    accepted = TalkPrx.create(there)
    assert accepted.echo("before") == "before"
    child_reads, tell_child = os.pipe()
    parent_reads, tell_parent = os.pipe()

    def work() -> int:
        own = tce.RpcEndPoint(host="127.0.0.1")
        adapter = communicator.createAdapter("served", own).addServant(Talk(gevent.event.Event()))
        is_right = TalkPrx.create(tce.RpcEndPoint(host="127.0.0.1", port=own.port)).echo("own") == "own"
        os.write(tell_parent, b"ready")
        gevent.select.select([child_reads], [], [])
        return 0 if is_right and len(adapter.connections) == 1 else 1

    join = begin(way, work)
    gevent.select.select([parent_reads], [], [])
    is_right = accepted.echo("on the old connection") == "on the old connection"
    for number in range(ROUNDS):  # on connections that a child could have taken
        prx = TalkPrx(communicator.connect(there, tce.AF_WRITE))
        is_right = is_right and prx.echo(str(number)) == str(number)
        prx.conn.close()
    os.write(tell_child, b"done")
    return join() == 0 and is_right


def with_asyncio(way: str, port: int) -> bool:
    async def main() -> bool:
        prx = TalkPrx(asyncio_tcp.dial("127.0.0.1", port, options=OPTIONS))
        assert await prx.echo_async("before") == "before"

        def work() -> int:
            try:
                prx.echo("of the child")
            except tce.RpcException as error:
                is_told = error.errcode == tce.RPCERROR_SENDFAILED and "dial anew" in str(error)

            async def anew() -> str:
                return await TalkPrx(asyncio_tcp.dial("127.0.0.1", port, options=OPTIONS)).echo_async("anew")

            return 0 if is_told and asyncio.Runner().run(anew()) == "anew" else 1

        joins = [begin_elsewhere(way, work) for _ in range(CHILDREN)]
        is_right = all([await prx.echo_async(str(number)) == str(number) for number in range(ROUNDS)])
        return is_right and sum(join() for join in joins) == 0 and await prx.echo_async("after") == "after"

    return asyncio.run(main())


if __name__ == "__main__":
    WAY, KIND, PORT, CERTIFICATE = sys.argv[1:]
    if KIND == "asyncio":
        is_right = with_asyncio(WAY, int(PORT))
    elif KIND == "server":
        is_right = as_server(WAY)
    elif KIND == "redis":
        is_right = with_redis(WAY, PORT)
    elif KIND in KINDS:
        is_right = with_queues(WAY, PORT, KIND)
    else:
        is_right = with_gevent(WAY, KIND, int(PORT), CERTIFICATE)
    sys.exit(0 if is_right else 1)
