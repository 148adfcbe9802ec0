"""Traits of gevent alone: greenlets wait for each other, and coroutines are driven without a loop."""

import gc
import os
import ssl
from typing import Any

import gevent
import gevent.ssl
import pytest

import tcelib as tce
from tcelib.transport import gevent_tcp
from tests.tcelib.transport.gevent_rig import GeventRig
from tests.tcelib.transport.rig import SocketRig
from tests.tcelib.transport.talk import AsyncTalk, TalkPrx

PLACES = 3
gevent_rig = pytest.mark.parametrize("rig", ["gevent_tcp"], indirect=True)


@gevent_rig
def test_a_greenlet_of_the_hub_makes_blocking_calls(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial())

    def ask_together() -> list[str]:
        greenlets = [gevent.spawn(prx.echo, str(number)) for number in range(20)]
        return [greenlet.get() for greenlet in greenlets]

    assert rig.run(ask_together) == [str(number) for number in range(20)]


@gevent_rig
def test_greenlets_that_wait_for_a_connection_fail_together(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial())
    rig.stop_server()

    def ask(text: str) -> int:
        with pytest.raises(tce.RpcException) as caught:
            prx.echo(text)
        return caught.value.errcode

    def ask_together() -> list[int]:
        return [greenlet.get() for greenlet in [gevent.spawn(ask, "hello") for _ in range(5)]]

    assert rig.run(ask_together) == [tce.RPCERROR_CONNECT_FAILED] * 5


@gevent_rig
def test_servants_that_wait_for_answers_get_them_when_all_places_are_taken(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial(rig.listen(max_waiting_servants=PLACES)))
    tce.RpcCommAdapter("client").addServant(rig.servant).addConnection(prx.conn)
    promises = [prx.call_back_async(str(number)) for number in range(10 * PLACES)]
    assert [promise.get(20) for promise in promises] == [str(number) for number in range(10 * PLACES)]


@gevent_rig
def test_calls_wait_for_a_place(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial(rig.listen(max_waiting_servants=PLACES)))
    held = [prx.hold_async(str(number)) for number in range(10 * PLACES)]
    behind = prx.echo_async("behind them")
    TalkPrx(rig.dial()).echo("another connection is served")
    assert not behind.done()
    rig.run(rig.servant.gate.set)
    assert [promise.get(20) for promise in held] == [str(number) for number in range(10 * PLACES)]
    assert behind.get(20) == "behind them"


@gevent_rig
def test_a_servant_may_be_async_and_await_a_call(rig: SocketRig) -> None:
    rig.adapter.addServant(AsyncTalk(rig.servant.gate))
    prx = TalkPrx(rig.dial())
    tce.RpcCommAdapter("client").addServant(rig.servant).addConnection(prx.conn)
    assert prx.call_back("awaited") == "awaited"


class Confused(AsyncTalk):
    """Awaits what only an event loop has."""

    async def echo(self, text: str, ctx: tce.RpcContext) -> Any:
        await _Bare()
        return text


class _Bare:
    def __await__(self) -> Any:
        yield None


@gevent_rig
def test_a_servant_that_awaits_something_else_has_failed(rig: SocketRig) -> None:
    rig.adapter.addServant(Confused(rig.servant.gate))
    with pytest.raises(tce.RpcException) as caught:
        TalkPrx(rig.dial()).echo("hello")
    assert caught.value.errcode == tce.RPCERROR_REMOTEMETHOD_EXCEPTION


@gevent_rig
def test_a_servant_that_makes_a_call_and_waits_for_its_promise_gets_it(rig: SocketRig) -> None:
    class Patient(AsyncTalk):
        def call_back(self, text: str, ctx: tce.RpcContext) -> Any:
            return TalkPrx(ctx.conn).echo_async(text).get()

    rig.adapter.addServant(Patient(rig.servant.gate))
    prx = TalkPrx(rig.dial())
    tce.RpcCommAdapter("client").addServant(rig.servant).addConnection(prx.conn)
    assert prx.call_back("patience") == "patience"


def test_tls_of_the_standard_library_is_refused_as_it_would_stop_the_hub() -> None:
    with pytest.raises(TypeError, match=r"gevent\.ssl"):
        gevent_tcp.listen(tce.RpcCommAdapter("server"), tls=gevent.ssl.create_default_context())
    with pytest.raises(TypeError, match=r"gevent\.ssl"):
        gevent_tcp.dial("localhost", 1, tls=ssl.create_default_context())


def test_no_descriptor_is_left() -> None:
    gc.collect()
    before = set(os.listdir("/proc/self/fd"))
    rig = GeventRig(gevent_tcp)
    prx = TalkPrx(rig.dial())
    prx.echo("hello")
    held = prx.hold_async("in vain")
    rig.run(rig.servant.gate.set)
    held.get(20)
    rig.close()
    assert set(os.listdir("/proc/self/fd")) == before
