"""Every wait ends with its own call's time, whoever else waits for what."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import gevent
import pytest

import tcelib as tce
from tests.tcelib.transport.conftest import SOCKET_RIGS
from tests.tcelib.transport.contract import NEVER
from tests.tcelib.transport.rig import DEADLINE, SocketRig
from tests.tcelib.transport.talk import BLOB, TalkPrx

SOON = 5.0  # seconds: long for a call that has 0.05, short beside everybody else's 20
streams = pytest.mark.parametrize("rig", SOCKET_RIGS, indirect=True)
gevent_streams = pytest.mark.parametrize("rig", [name for name in SOCKET_RIGS if "gevent" in name], indirect=True)


def times_out_soon(call: Callable[[], object]) -> bool:
    begun = time.monotonic()
    with pytest.raises(tce.RpcException) as caught:
        call()
    return caught.value.errcode == tce.RPCERROR_TIMEOUT and time.monotonic() - begun < SOON


@pytest.fixture
def crowded() -> Iterator[int]:
    """A port of a program that accepts nobody and whose queue is full: connecting to it takes for ever."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as others:
        for _ in range(2):
            other = others.enter_context(socket.socket())
            other.setblocking(False)
            with suppress(BlockingIOError):
                other.connect(server.getsockname())
        yield server.getsockname()[1]


@streams
def test_a_call_of_another_thread_ends_in_time_while_the_connections_thread_is_busy(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial())
    prx.echo("the connection is open")
    is_busy, may_go_on = threading.Event(), threading.Event()

    def be_busy() -> None:
        is_busy.set()
        may_go_on.wait(DEADLINE)

    busy = threading.Thread(target=rig.run, args=(be_busy,))
    busy.start()
    assert is_busy.wait(DEADLINE)
    try:
        assert times_out_soon(lambda: prx.echo("now", timeout=NEVER))
        assert times_out_soon(prx.echo_async("now", timeout=NEVER).get)
    finally:
        may_go_on.set()
        busy.join(DEADLINE)
    assert prx.echo("later") == "later"


@streams
def test_a_call_that_waits_for_somebody_elses_connecting_ends_in_time(rig: SocketRig, crowded: int) -> None:
    prx = TalkPrx(rig.dial(crowded, connect_seconds=DEADLINE))
    patient = prx.echo_async("patient")
    assert times_out_soon(lambda: prx.echo("impatient", timeout=NEVER))
    assert not patient.done()


@gevent_streams
def test_a_greenlet_that_waits_for_somebody_elses_connecting_ends_in_time(rig: SocketRig, crowded: int) -> None:
    prx = TalkPrx(rig.dial(crowded, connect_seconds=DEADLINE, call_timeout=NEVER))
    patient = rig.run(lambda: gevent.spawn(prx.echo, "patient", DEADLINE))
    assert rig.run(lambda: times_out_soon(lambda: prx.echo("impatient", timeout=NEVER)))
    assert rig.run(lambda: times_out_soon(lambda: prx.note_oneway("nobody waits for its answer")))
    assert not patient.dead
    rig.run(lambda: patient.kill(block=False))


@gevent_streams
def test_the_first_call_does_not_end_the_connecting_that_others_wait_for(rig: SocketRig, crowded: int) -> None:
    prx = TalkPrx(rig.dial(crowded, connect_seconds=DEADLINE))
    assert times_out_soon(lambda: prx.echo("impatient", timeout=NEVER))
    patient = prx.echo_async("patient")
    assert times_out_soon(lambda: prx.echo("impatient, too", timeout=NEVER))
    assert not patient.done()


@pytest.mark.parametrize("rig", ["gevent_tcp"], indirect=True)
def test_a_call_ends_in_time_while_the_peer_reads_nothing(rig: SocketRig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        prx = TalkPrx(rig.dial(deaf.getsockname()[1]))

        def fill() -> None:
            for _ in range(10):
                with pytest.raises(tce.RpcException):
                    prx.conn.call(*blob(900_000), timeout=NEVER, at_once=True).get()

        rig.run(fill)
        assert rig.run(lambda: times_out_soon(prx.conn.call(*blob(1000), timeout=NEVER, at_once=True).get))


@pytest.mark.parametrize("rig", ["gevent_tcp"], indirect=True)
def test_calls_that_were_sent_end_in_time_while_the_peer_reads_nothing(rig: SocketRig) -> None:
    """The silent peer is asked for a sign of life, which has to wait behind what the peer does not take."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        prx = TalkPrx(rig.dial(deaf.getsockname()[1]))

        def all_end_in_time() -> bool:
            calls = [gevent.spawn(times_out_soon, lambda: prx.echo("before", timeout=1.0))]
            gevent.sleep(0)
            big = [lambda: prx.conn.call(*blob(900_000), timeout=0.2, at_once=True).get()] * 10
            calls += [gevent.spawn(times_out_soon, each) for each in big]
            gevent.joinall(calls, timeout=2 * SOON, raise_error=True)
            return all(call.value for call in calls)

        assert rig.run(all_end_in_time)


def blob(size: int) -> tuple[tce.Operation[bytes], tuple[bytes]]:
    """A call with much to send."""
    return BLOB, (bytes(size),)
