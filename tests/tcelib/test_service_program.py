"""Whole service programs, as the documents write them: config.yml, queues, servants that wait, and their ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client
from tcelib.service.service_lease import REGISTRY, SERVICE
from tcelib.tmake.tce2py import main as tce2py
from tests.until import until

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
IDL = """
module test {
    interface BaseServer { string datetime(); };
    interface Server extends BaseServer {
        string echo(string text);
        void timeout(int secs);
        void heartbeat(string hello);
        void bidirection();
    };
    interface ITerminal { void onMessage(string message); };
}
"""
CONFIG = """
common_defs:
  endpoints:
    - {{name: mq_server, host: "{url}", type: {kind}, address: "mq_server;{{create:always}}"}}
    - {{name: mq_client, host: "{url}", type: {kind}}}
server:
  endpoints:
    - {{name: mq_client, af_mode: AF_WRITE}}
    - {{name: mq_server, af_mode: AF_READ}}
client:
  endpoints:
    - {{name: mq_client, af_mode: AF_READ}}
    - {{name: mq_server, af_mode: AF_WRITE}}
  endpoint_pairs:
    - {{call: mq_server, return: mq_client}}
"""
SERVER = """
import time
import tcelib as tce
from test import ITerminalPrx, Server

class ServerImpl(Server):
    def echo(self, text, ctx):
        print("extra oob data:", ctx.msg.extra.props.get("name"), flush=True)
        return "Yah! " + text

    def timeout(self, secs, ctx):
        print("enter timeout:", secs, flush=True)
        time.sleep(secs) if secs < 3 else tce.sleep(secs)
        print("leave timeout:", secs, flush=True)

    def heartbeat(self, hello, ctx):
        print(hello, flush=True)

    def bidirection(self, ctx):
        conn = tce.RpcCommunicator.instance().getConnectionMQCollection().get(tce.Shortcuts.MQ_RETURN(ctx))
        user_id = tce.Shortcuts.USER_ID(ctx)
        ITerminalPrx(conn).onMessage_oneway("server push message!", tce.Shortcuts.CALL_USER_ID(user_id))

tce.RpcCommunicator.instance().init("server").initMQEndpoints("./config.yml")
adapter = tce.RpcAdapterMQ.create("adapter", "mq_server")
adapter.addServant(ServerImpl()).start()
print("ready:", tce.currentServer().name, flush=True)
tce.sleep()
print("over", flush=True)
"""
CLIENT_HEAD = """
import tcelib as tce
from test import ITerminal, ServerPrx

class TerminalImpl(ITerminal):
    def onMessage(self, message, ctx):
        print("onMessage:", message, flush=True)
        communicator.shutdown()

communicator = tce.RpcCommunicator.instance().init("client").initMQEndpoints("config.yml")
tce.RpcAdapterMQ.create("terminal", "mq_client").addServant(TerminalImpl()).start()
prx = ServerPrx.createWithEpName("mq_server")
"""
CLIENT = """
print(prx.echo("hello", extra={"name": "abc"}))
prx.heartbeat_oneway("hello world!")
try:
    prx.timeout(1, 0.1)
except tce.RpcException as error:
    print(error.what())
prx.bidirection_oneway()
tce.sleep()
"""


class Desk:
    """A folder with the programs, and those that run."""

    def __init__(self, folder: Path, url: str, kind: str) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        (folder / "test.idl").write_text(IDL)
        (folder / "config.yml").write_text(CONFIG.format(url=url, kind=kind))

    def start(self, name: str, program: str) -> subprocess.Popen[bytes]:
        """Start a program whose output goes to a file of its name."""
        (self._folder / f"{name}.py").write_text(program)
        with (self._folder / name).open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, f"{name}.py"],
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        self._running.append(process)
        return process

    def said(self, name: str) -> str:
        return (self._folder / name).read_text()

    def wait_said(self, name: str, words: str) -> None:
        until(lambda: words in self.said(name), f"{name} says {words!r}")

    def close(self) -> None:
        for process in self._running:
            process.kill()
            process.wait(PATIENCE)


@pytest.fixture
def make_desk(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Desk]]:
    """Makes the folder of programs over one kind of queues."""
    desks: list[Desk] = []

    def make(kind: str) -> Desk:
        desks.append(Desk(tmp_path, redis_url, kind))
        monkeypatch.chdir(tmp_path)
        assert tce2py(["-i", "test.idl", "./"]) == 0
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


@pytest.mark.parametrize("kind", ["stream", "mq"])
def test_a_service_is_called_over_queues_pushes_and_ends_what_it_has_begun(
    make_desk: Callable[[str], Desk], redis_url: str, kind: str
) -> None:
    desk = make_desk(kind)
    server = desk.start("server", SERVER)
    client = desk.start("client", CLIENT_HEAD + CLIENT)
    assert client.wait(PATIENCE) == 0, desk.said("client")
    assert desk.said("client").splitlines() == [
        "Yah! hello",
        "RPCERROR_TIMEOUT: no answer from test.Server.timeout",
        "onMessage: server push message!",
    ]
    desk.start("late", CLIENT_HEAD + "prx.timeout(3)\nprint('done', flush=True)\ntce.sleep()\n")
    desk.wait_said("server", "enter timeout: 3")
    server.send_signal(signal.SIGTERM)
    desk.wait_said("late", "done")
    assert server.wait(PATIENCE) == 0
    assert desk.said("server").splitlines() == [
        "ready: server",
        "extra oob data: abc",
        "hello world!",
        "enter timeout: 1",
        "leave timeout: 1",
        "enter timeout: 3",
        "leave timeout: 3",
        "over",
    ]
    with plain_client(redis_url) as client:
        reads = [holder.registration.reads for holder in RedisLeases(client, REGISTRY).holders(SERVICE)]
        assert reads == ([("mq_client",)] if kind == "stream" else [])


def test_after_a_kill_an_order_fails_and_an_idempotent_call_is_run_by_the_other_service(
    make_desk: Callable[[str], Desk], redis_url: str
) -> None:
    desk = make_desk("stream")
    first = desk.start("first", SERVER)
    desk.wait_said("first", "ready")
    program = (
        "order = prx.timeout_async(3600, timeout=50)\n"
        "tce.sleep(0)\n"
        "prx.conn.is_idempotent = True\n"
        "again = prx.timeout_async(3, timeout=50)\n"
        "again.add_done_callback(lambda done: print('again:', done.exception(), flush=True))\n"
        "order.add_done_callback(lambda done: print('order:', done.exception(), flush=True))\n"
        "tce.sleep()\n"
    )
    desk.start("client", CLIENT_HEAD + program)
    desk.wait_said("first", "enter timeout: 3\n")
    desk.wait_said("first", "enter timeout: 3600\n")
    first.kill()
    desk.start("second", SERVER)
    with plain_client(redis_url) as client:
        leases = RedisLeases(client, REGISTRY)
        for holder in leases.holders(SERVICE):  # ten seconds sooner than by itself
            if f":{first.pid}:" in holder.registration.name:
                leases.leave(holder.number)
    desk.wait_said("client", "order:")
    desk.wait_said("client", "again:")
    again, order = sorted(desk.said("client").splitlines())
    assert again == "again: None"
    assert order.startswith("order: RPCERROR_CONNECTION_LOST")
    begun = [line for line in desk.said("second").splitlines() if line.startswith("enter")]
    assert begun == ["enter timeout: 3"]
    with redis.Redis.from_url(redis_url) as client:
        until(lambda: client.xlen("mq_server") == 0, "nothing is left")


@pytest.mark.parametrize(
    ("lease_seconds", "sleep_seconds"), [(1.5, 2), pytest.param(10, 11, marks=pytest.mark.soak, id="as by default")]
)
def test_a_servant_that_sleeps_for_longer_than_its_lease_loses_neither_the_lease_nor_the_call(
    make_desk: Callable[[str], Desk], redis_url: str, lease_seconds: float, sleep_seconds: int
) -> None:
    desk = make_desk("stream")
    begin = "tce.RpcCommunicator.instance()"
    with_lease = SERVER.replace("if secs < 3", "").replace("else tce.sleep(secs)", "")
    setting = f'{begin}.setProperty("lease_seconds", {lease_seconds})'
    with_lease = with_lease.replace(f"{begin}.init", f"{setting}\n{begin}.init")
    first = desk.start("first", with_lease)
    desk.wait_said("first", "ready")
    with plain_client(redis_url) as client:
        leases = RedisLeases(client, REGISTRY)

        def numbers() -> list[int]:
            holders = leases.holders(SERVICE)
            return [each.number for each in holders if f":{first.pid}:" in each.registration.name]

        until(numbers, "it has a lease")
        before = numbers()
        call = f"print('slept:', prx.timeout({sleep_seconds}, 50), flush=True)\ntce.sleep()\n"
        desk.start("client", CLIENT_HEAD + call)
        desk.wait_said("first", f"enter timeout: {sleep_seconds}")
        desk.start("second", with_lease)
        desk.wait_said("client", "slept: None")
        assert numbers() == before
    assert "enter" not in desk.said("second")
    assert desk.said("first").count("enter") == 1
