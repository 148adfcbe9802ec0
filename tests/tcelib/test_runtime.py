"""The gevent runtime as its users know it: each test has a communicator of its own, in this thread's hub."""

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from types import SimpleNamespace
from typing import Any

import gevent
import gevent.event
import pytest
import redis

import tcelib as tce
from tcelib.queue.error import AddressError
from tcelib.transport.hub import shell
from tests.conftest import unused_port
from tests.tcelib.transport.contract import Watcher
from tests.tcelib.transport.talk import Talk, TalkPrx
from tests.until import until

ROOT = Path(__file__).parents[2]
DEADLINE = 20.0


@pytest.fixture
def communicator() -> Iterator[tce.RpcCommunicator]:
    """One that is shut down at the end."""
    communicator = tce.RpcCommunicator().init("test")
    yield communicator
    communicator.shutdown()


@pytest.fixture
def servant() -> Talk:
    """The servant of the adapters."""
    return Talk(gevent.event.Event())


def serve(communicator: tce.RpcCommunicator, servant: Talk, **options: Any) -> tce.RpcEndPoint:
    """The endpoint of a server, as its clients know it."""
    server = tce.RpcEndPoint(host="", **options)
    communicator.createAdapter("first_server", server).addServant(servant)
    return communicator.addEndPoint(tce.RpcEndPoint(name="there", host="localhost", port=server.port, **options))


@pytest.mark.parametrize("kind", ["socket", "websocket"])
def test_an_adapter_listens_at_once_and_a_proxy_connects_when_it_calls(
    communicator: tce.RpcCommunicator, servant: Talk, kind: str
) -> None:
    prx = TalkPrx.create(serve(communicator, servant, type_=kind))
    assert not prx.conn.is_open
    assert prx.echo("hello") == "hello"
    assert prx.conn.is_open


def test_the_server_is_there_for_both_address_families(communicator: tce.RpcCommunicator, servant: Talk) -> None:
    port = serve(communicator, servant).port
    for host in ("127.0.0.1", *(["::1"] if socket.has_dualstack_ipv6() else [])):
        assert TalkPrx.create(communicator.addEndPoint(tce.RpcEndPoint(host, host, port))).echo(host) == host


def test_an_endpoint_that_nobody_added_is_an_error_that_names_those_there_are(
    communicator: tce.RpcCommunicator, servant: Talk
) -> None:
    serve(communicator, servant)
    with pytest.raises(KeyError, match=r"no endpoint is called 'nope'; those added are: .*there"):
        communicator.openEndPoint("nope")


def test_an_adapters_name_that_is_taken_gives_the_adapter_there_is(
    communicator: tce.RpcCommunicator, servant: Talk
) -> None:
    serve(communicator, servant)
    again = communicator.createAdapter("first_server", tce.RpcEndPoint(port=1))
    assert again.routes.keys() == {operation.route for operation in Talk.INTERFACE.operations}


def test_a_port_that_is_taken_is_an_os_error(communicator: tce.RpcCommunicator, servant: Talk) -> None:
    port = serve(communicator, servant).port
    with pytest.raises(OSError, match="in use"):
        communicator.createAdapter("second", tce.RpcEndPoint(host="127.0.0.1", port=port))


def test_proxies_of_one_endpoint_share_its_connection(communicator: tce.RpcCommunicator, servant: Talk) -> None:
    ep = serve(communicator, servant)
    first = TalkPrx.create(ep)
    assert TalkPrx.create(ep).conn is first.conn
    assert TalkPrx.createWithProxy(first).conn is first.conn
    assert communicator.openEndPoint("there") is first.conn


def test_the_default_communicator_opens_endpoints_by_name(servant: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tce.RpcCommunicator, "_default", None)
    default = tce.RpcCommunicator.instance().init("server")
    assert tce.RpcCommunicator.instance() is default
    serve(default, servant)
    assert TalkPrx.createWithEpName("there").echo("hello") == "hello"
    assert tce.currentServer().name == "server"
    default.shutdown()


def test_a_call_after_the_shutdown_fails_and_opens_nothing(servant: Talk) -> None:
    server, client = tce.RpcCommunicator(), tce.RpcCommunicator()
    there = serve(server, servant)
    ep = client.addEndPoint(tce.RpcEndPoint("there", "localhost", there.port))
    prx = TalkPrx.create(ep)
    assert prx.echo("before") == "before"
    client.shutdown()
    for call in (lambda: prx.echo("after"), lambda: prx.note_oneway("after"), prx.echo_async("after").get):
        with pytest.raises(tce.RpcException) as caught:
            call()
        assert caught.value.errcode == tce.RPCERROR_SENDFAILED
    assert not prx.conn.is_open
    assert TalkPrx.create(ep).echo("who opens it again may go on") == "who opens it again may go on"
    client.shutdown()
    server.shutdown()


def test_a_connection_that_was_closed_leaves_nothing_in_the_communicator(
    communicator: tce.RpcCommunicator, servant: Talk
) -> None:
    port = serve(communicator, servant).port
    gone = []
    for _ in range(10):
        prx = TalkPrx(communicator.connect(tce.RpcEndPoint(host="localhost", port=port), tce.AF_WRITE))
        prx.echo("hello")
        prx.conn.close()
        gone.append(weakref.ref(prx.conn))
    del prx
    turns = 0
    while any(each() for each in gone) and turns < 100:  # until the readers have ended
        gevent.sleep(0)
        gc.collect()
        turns += 1
    assert [each() for each in gone] == [None] * 10


def test_a_connection_that_nobody_keeps_goes_on_listening_until_the_shutdown(
    communicator: tce.RpcCommunicator, servant: Talk
) -> None:
    ep = serve(communicator, servant)
    watcher = Watcher()
    communicator.setConnectionEventListener(watcher)
    TalkPrx(communicator.connect(ep, tce.AF_WRITE)).echo("hello")
    gc.collect()
    assert not watcher.left.done()
    communicator.shutdown()
    assert watcher.left.done()


def test_tls_with_a_certificate_that_the_client_knows(
    communicator: tce.RpcCommunicator, servant: Talk, certificate: Path
) -> None:
    prx = TalkPrx.create(serve(communicator, servant, certfile=str(certificate)))
    assert prx.echo("secret") == "secret"


def test_tls_trusts_nobody_unless_it_is_told_to(
    communicator: tce.RpcCommunicator, servant: Talk, certificate: Path
) -> None:
    port = serve(communicator, servant, certfile=str(certificate)).port
    with pytest.raises(tce.RpcException) as caught:
        TalkPrx.create(communicator.addEndPoint(tce.RpcEndPoint("a", "localhost", port, ssl=True))).echo("hello")
    assert caught.value.errcode == tce.RPCERROR_CONNECT_FAILED
    anybody = communicator.addEndPoint(tce.RpcEndPoint("b", "localhost", port, ssl=True, verify=False))
    assert TalkPrx.create(anybody).echo("hello") == "hello"


def test_a_server_with_tls_needs_a_certificate(communicator: tce.RpcCommunicator) -> None:
    with pytest.raises(ValueError, match="certfile"):
        communicator.createAdapter("first", tce.RpcEndPoint(ssl=True))


def test_an_endpoint_of_no_known_type_is_refused() -> None:
    with pytest.raises(ValueError, match="zmq"):
        tce.RpcEndPoint(type_="zmq")


def test_what_is_missing_for_a_broker_or_wrong_about_it_is_said_at_once(
    communicator: tce.RpcCommunicator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "proton", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install rtserver\[amqp\]"):
        communicator.connect(tce.RpcEndPoint("q", "localhost", type_="qpid"), tce.AF_READ)
    with pytest.raises(AddressError, match="character 3"):
        communicator.connect(tce.RpcEndPoint("q", "localhost", type_="qpid", addr="q;["), tce.AF_READ)
    with pytest.raises(ValueError, match="needs no keyfile"):
        tce.RpcEndPoint("q", "localhost", type_="qpid", certfile="c.pem", keyfile="k.pem")


def test_a_listener_and_a_timeout_reach_what_is_there_already(
    communicator: tce.RpcCommunicator, servant: Talk
) -> None:
    watcher = Watcher()
    prx = TalkPrx.create(serve(communicator, servant))
    prx.echo("before anybody listens")
    communicator.setConnectionEventListener(watcher)
    communicator.setRpcCallTimeout(0.05)
    assert communicator.getProperties() == {"rpc_call_timeout": 0.05}
    with pytest.raises(tce.RpcException) as caught:
        prx.hold("in vain")
    assert caught.value.errcode == tce.RPCERROR_TIMEOUT
    assert [entry[0] for entry in watcher.log] == ["packet"]
    servant.gate.set()


@pytest.mark.parametrize("nothing", [0, None])
def test_no_timeout_at_all_is_the_default_of_thirty_seconds(
    communicator: tce.RpcCommunicator, servant: Talk, nothing: None
) -> None:
    assert communicator.getRpcCallTimeout() == 30
    communicator.setRpcCallTimeout(5)
    assert communicator.getRpcCallTimeout() == 5
    communicator.setRpcCallTimeout(nothing)
    assert communicator.getRpcCallTimeout() == 30
    prx = TalkPrx.create(serve(communicator, servant))
    assert prx.echo("hello", timeout=nothing) == "hello"
    assert prx.echo("hello", timeout=0, extra={"date": "1926-12-12"}) == "hello"


def test_sleeping_lets_the_others_go_on_and_without_an_end_it_serves_until_the_shutdown(
    communicator: tce.RpcCommunicator, servant: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tce.RpcCommunicator, "_default", communicator)
    prx = TalkPrx.create(serve(communicator, servant))
    answered = prx.echo_async("while it sleeps", lambda *_: communicator.shutdown())
    communicator.sleep(0)
    tce.sleep()
    assert answered.result() == "while it sleeps"
    assert communicator.getLogger().name == "tce"


def test_users_are_numbered_unless_they_are_checked(communicator: tce.RpcCommunicator, servant: Talk) -> None:
    assert TalkPrx.create(serve(communicator, servant)).user() == "1"
    communicator.setProperty("userid_check", "true")
    checked = tce.RpcEndPoint()
    communicator.createAdapter("checked", checked).addServant(servant)
    ep = communicator.addEndPoint(tce.RpcEndPoint("checked", "localhost", checked.port))
    assert TalkPrx.create(ep).user() == ""


def test_queues_are_endpoints_too(communicator: tce.RpcCommunicator, servant: Talk, redis_url: str) -> None:
    def queue(name: str, **options: Any) -> tce.RpcEndPoint:
        return communicator.addEndPoint(tce.RpcEndPoint(name, redis_url, type_="mq", **options))

    communicator.createAdapter("backend", queue("mq_server", addr="queue:the_list")).addServant(servant)
    backend = tce.RpcCommunicator().init("client")
    writer = backend.addEndPoint(tce.RpcEndPoint("mq_server", redis_url, type_="easymq", addr="the_list"))
    answers = backend.addEndPoint(tce.RpcEndPoint("mq_client", redis_url, type_="mq"))
    queue("mq_client").open(tce.AF_WRITE)
    prx = TalkPrx.create(writer)
    assert isinstance(prx.conn, tce.RpcQueueConnection)
    prx.conn.setLoopbackMQ(answers.open(tce.AF_READ))
    assert prx.echo("hello") == "hello"
    assert backend.getConnectionMQCollection().get("mq_server") is prx.conn
    backend.shutdown()


def test_shutdown_ends_the_waiting_from_another_thread(servant: Talk) -> None:
    communicator = tce.RpcCommunicator().init("server")
    ep = serve(communicator, servant)
    thread = threading.Thread(target=communicator.shutdown)
    thread.start()
    communicator.waitForShutdown()
    thread.join(DEADLINE)
    with pytest.raises(tce.RpcException) as caught:
        TalkPrx(communicator.connect(ep, tce.AF_WRITE)).echo("anybody?")
    assert caught.value.errcode == tce.RPCERROR_CONNECT_FAILED


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_waiting_and_finds_its_old_handler_again(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    communicator = tce.RpcCommunicator().init("server")
    gevent.spawn(os.kill, os.getpid(), number)
    communicator.waitForShutdown()
    assert signal.getsignal(number) is before


def test_the_program_of_the_first_page_serves_and_ends(tmp_path: Path) -> None:
    port = unused_port()
    program = tmp_path / "server.py"
    program.write_text(
        "import gevent.event\n"
        "import tcelib as tce\n"
        "from tests.tcelib.transport.talk import Talk\n"
        "tce.RpcCommunicator.instance().init('server')\n"
        f"ep = tce.RpcEndPoint(host='', port={port})\n"
        "adapter = tce.RpcCommunicator.instance().createAdapter('first_server', ep)\n"
        "adapter.addServant(Talk(gevent.event.Event()))\n"
        "print('ready', flush=True)\n"
        "tce.RpcCommunicator.instance().waitForShutdown()\n"
        "print('over', flush=True)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    with subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        client = tce.RpcCommunicator().init("client")
        prx = TalkPrx.create(client.addEndPoint(tce.RpcEndPoint(host="localhost", port=port)))
        assert prx.echo("hello") == "hello"
        process.terminate()
        assert process.stdout.readline() == "over\n"
        assert process.wait(DEADLINE) == 0
        client.shutdown()


INTERRUPTED = """
import asyncio, os, signal, sys
import gevent
import tcelib as tce
from tcelib.queue.error import AddressError
from tcelib.transport import asyncio_tcp, gevent_tcp
from tests.tcelib.transport.talk import Talk, TalkPrx

class Interrupted(Talk):
    def echo(self, text, ctx):
        os.kill(os.getpid(), signal.SIGINT)
        if sys.argv[1] == "gevent":
            gevent.sleep(20)
        return text

adapter = tce.RpcCommAdapter("server").addServant(Interrupted(None))

async def main():
    server = await asyncio_tcp.listen(adapter, "127.0.0.1")
    await TalkPrx(asyncio_tcp.dial("127.0.0.1", server.port)).echo_async("hello")
    await asyncio.sleep(20)

if sys.argv[1] == "asyncio":
    asyncio.run(main())
else:
    server = gevent_tcp.listen(adapter, "127.0.0.1")
    TalkPrx(gevent_tcp.dial("127.0.0.1", server.port)).echo("hello")
    gevent.sleep(20)
"""


@pytest.mark.parametrize("home", ["gevent", "asyncio"])
def test_ctrl_c_ends_a_program_whose_servant_it_meets(home: str) -> None:
    program = [sys.executable, "-c", INTERRUPTED, home]
    ended = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE / 2, check=False)
    assert ended.returncode == -signal.SIGINT, ended.stderr
    assert "KeyboardInterrupt" in ended.stderr


def test_a_timer_that_rings_early_ends_no_call(
    communicator: tce.RpcCommunicator, servant: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    prx = TalkPrx.create(serve(communicator, servant))
    prx.echo("connected")
    begun = monotonic()
    monkeypatch.setattr(shell, "time", SimpleNamespace(monotonic=lambda: begun + (monotonic() - begun) / 100))
    gevent.spawn_later(0.2, servant.gate.set)
    assert prx.hold("there in time", timeout=0.05) == "there in time"


def test_an_adapter_that_is_stopped_listens_no_more(communicator: tce.RpcCommunicator, servant: Talk) -> None:
    there = serve(communicator, servant)
    assert TalkPrx.create(there).echo("before") == "before"
    communicator.createAdapter("first_server", there).start().stop()
    with pytest.raises(tce.RpcException) as caught:
        TalkPrx(communicator.connect(there, tce.AF_WRITE)).echo("after")
    assert caught.value.errcode == tce.RPCERROR_CONNECT_FAILED


def test_what_is_sent_to_a_topic_reaches_every_reader_and_nothing_of_one_that_left_stays(
    communicator: tce.RpcCommunicator, redis_url: str
) -> None:
    topic = {"name": "news", "host": redis_url, "addr": "topic:news", "type_": "stream"}
    readers = [(tce.RpcCommunicator(), Talk(gevent.event.Event())) for _ in range(2)]
    for program, servant in readers:
        program.createAdapter("news", tce.RpcEndPoint(**topic)).addServant(servant)
    with redis.Redis.from_url(redis_url) as client:
        until(lambda: client.zcard("topic:news") == 2, "both are subscribed", pause=gevent.sleep)
        prx = TalkPrx(communicator.connect(tce.RpcEndPoint(**topic), tce.AF_WRITE))
        prx.note_oneway("copper is up")
        until(lambda: all(servant.notes for _, servant in readers), "both have it", pause=gevent.sleep)
        assert [servant.notes for _, servant in readers] == [["copper is up"]] * 2
        [first, second] = client.keys("topic:news:*:*")
        assert client.ttl(first) > 0 < client.ttl(second)
        for program, _ in readers:
            program.shutdown()
        assert client.keys("topic:news*") == []
