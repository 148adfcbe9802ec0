"""Traits of asyncio alone: the loop's own thread must not wait."""

import asyncio
import gc
import os
import ssl

import pytest

import tcelib as tce
from tcelib.transport import asyncio_tcp
from tests.tcelib.transport.asyncio_rig import AsyncioRig
from tests.tcelib.transport.rig import SocketRig
from tests.tcelib.transport.talk import TalkPrx

asyncio_rig = pytest.mark.parametrize("rig", ["asyncio_tcp"], indirect=True)


@asyncio_rig
def test_a_blocking_call_in_the_loops_own_thread_says_what_to_do_instead(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial())
    with pytest.raises(RuntimeError, match="await"):
        rig.run(lambda: prx.echo("hello"))
    assert prx.echo("the connection still works") == "the connection still works"


@asyncio_rig
def test_a_promise_is_not_awaited_in_another_loop(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial())

    async def ask() -> str:
        return await prx.hold_async("held")

    with pytest.raises(RuntimeError, match="get"):
        asyncio.run(ask())


@asyncio_rig
def test_a_task_that_is_cancelled_while_it_awaits_leaves_the_call_alone(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial())

    async def ask() -> tce.RpcPromise[str]:
        promise = prx.hold_async("held")

        async def wait() -> str:
            return await promise

        task = asyncio.ensure_future(wait())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return promise

    promise = rig.run_coroutine(ask())
    rig.run(rig.servant.gate.set)
    assert promise.get(20) == "held"


@asyncio_rig
def test_a_server_that_stops_cancels_its_servants(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial())
    held = prx.hold_async("in vain")
    prx.echo("it has arrived")
    rig.stop_server()
    rig.hang_up()
    assert held.exception() is not None
    assert rig.leftovers() == []


def test_no_descriptor_is_left() -> None:
    gc.collect()
    before = set(os.listdir("/proc/self/fd"))
    rig = AsyncioRig(asyncio_tcp)
    prx = TalkPrx(rig.dial())
    prx.echo("hello")
    held = prx.hold_async("in vain")
    rig.close()
    assert held.exception() is not None
    assert set(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("rig", ["asyncio_tls"], indirect=True)
def test_a_certificate_that_nobody_vouches_for_is_a_connect_failed(rig: SocketRig) -> None:
    conn = rig.run(lambda: asyncio_tcp.dial("127.0.0.1", rig.port, tls=ssl.create_default_context()))
    with pytest.raises(tce.RpcException, match="CERTIFICATE") as caught:
        TalkPrx(conn).echo("hello")
    assert caught.value.errcode == tce.RPCERROR_CONNECT_FAILED
