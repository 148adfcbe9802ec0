"""The places for servants that wait, in gevent: given back however a servant ends, and left for nested calls."""

import threading
from collections.abc import Callable
from typing import Any

import gevent
import gevent.event
import pytest

import tcelib as tce
from tcelib.transport.hub import link
from tcelib.wire.message import RETURN
from tests.tcelib.idl_value import make_operation
from tests.tcelib.transport.conftest import SOCKET_RIGS
from tests.tcelib.transport.rig import DEADLINE, SocketRig
from tests.tcelib.transport.talk import CALL_BACK, ECHO, ESCAPES, TalkPrx

PLACES = 3
gevent_streams = pytest.mark.parametrize("rig", [name for name in SOCKET_RIGS if "gevent" in name], indirect=True)
gevent_tcp = pytest.mark.parametrize("rig", ["gevent_tcp"], indirect=True)
DO = make_operation("do", 22, 0, ("string",), "string")
HURTS: dict[str, Callable[[], BaseException]] = {**ESCAPES, "interrupt of its own": KeyboardInterrupt}


class Hurt(tce.Servant):
    """Does harm to the greenlet that it runs in."""

    INTERFACE = tce.Interface("test.Hurt", ifidx=22, operations=(DO,))

    def do(self, text: str, ctx: tce.RpcContext) -> Any:
        how, _, what = text.partition(" ")
        error = HURTS[what]()
        if how == "later":
            # As a Timeout does that was started and not stopped, or somebody who kills all greenlets.
            gevent.get_hub().loop.run_callback(gevent.getcurrent().throw, error)
            return "returned"
        gevent.sleep(0)
        raise error


@gevent_streams
@pytest.mark.parametrize("what", HURTS)
def test_a_servant_that_has_waited_gives_its_place_back_however_it_ends(rig: SocketRig, what: str) -> None:
    rig.adapter.addServant(Hurt())
    prx = TalkPrx(rig.dial(rig.listen(max_waiting_servants=PLACES)))
    promises = [prx.conn.call(DO, (f"now {what}",)) for _ in range(5 * PLACES)]
    for promise in promises:
        with pytest.raises(tce.RpcException) as caught:
            promise.get(DEADLINE)
        assert caught.value.errcode == tce.RPCERROR_REMOTEMETHOD_EXCEPTION
    assert prx.echo("not deaf") == "not deaf"


@gevent_streams
def test_a_timeout_that_a_servant_left_running_ends_nothing(rig: SocketRig) -> None:
    rig.adapter.addServant(Hurt())
    prx = TalkPrx(rig.dial())
    held = prx.hold_async("held")
    for number in range(5):
        assert prx.conn.call(DO, ("later timeout",)).get(DEADLINE) == "returned"
        assert prx.echo(str(number)) == str(number)
    rig.run(rig.servant.gate.set)
    assert held.get(DEADLINE) == "held"


@gevent_streams
def test_a_reader_that_is_killed_leaves_no_deaf_connection(rig: SocketRig) -> None:
    rig.adapter.addServant(Hurt())
    prx = TalkPrx(rig.dial())
    held = prx.hold_async("held")
    assert rig.servant.arrivals.acquire(timeout=DEADLINE)
    prx.conn.call(DO, ("later greenlet exit",))
    with pytest.raises(tce.RpcException) as caught:
        held.get(DEADLINE)
    assert caught.value.errcode == tce.RPCERROR_CONNECTION_LOST
    assert prx.echo("anew") == "anew"


@gevent_streams
@pytest.mark.parametrize("what", ["timeout", "greenlet exit", "exit", "cancelled"])
def test_a_step_of_a_chain_may_raise_anything(rig: SocketRig, what: str) -> None:
    def step(ctx: tce.RpcAsyncContext) -> None:
        raise ESCAPES[what]()

    prx = TalkPrx(rig.dial())
    is_told = threading.Event()
    promise = rig.run(lambda: prx.echo_async("one"))
    rig.run(lambda: promise.then(step).error(lambda ctx: is_told.set()))
    assert is_told.wait(DEADLINE)
    assert prx.echo("still here") == "still here"


@gevent_tcp
@pytest.mark.parametrize("depth", [7, 40, 150])
def test_calls_may_nest_deeper_than_there_are_places(rig: SocketRig, depth: int) -> None:
    places = PLACES if depth < 50 else 50
    prx = TalkPrx(rig.dial(rig.listen(max_waiting_servants=places), max_waiting_servants=places))
    tce.RpcCommAdapter("client").addServant(rig.servant).addConnection(prx.conn)
    assert prx.nest(depth) == depth


@gevent_tcp
def test_calls_that_nest_without_an_end_are_refused(rig: SocketRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "STUCK_SECONDS", 0.1)
    prx = TalkPrx(rig.dial(rig.listen(max_waiting_servants=PLACES), max_waiting_servants=PLACES))
    tce.RpcCommAdapter("client").addServant(rig.servant).addConnection(prx.conn)
    with pytest.raises(tce.RpcException) as caught:
        prx.nest(1_000_000)
    assert caught.value.errcode == tce.RPCERROR_REMOTEMETHOD_EXCEPTION
    assert prx.echo("all places are free again") == "all places are free again"


@gevent_tcp
def test_answers_are_read_behind_calls_that_have_no_place(rig: SocketRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "STUCK_SECONDS", 0.1)
    prx = TalkPrx(rig.dial(rig.listen(max_waiting_servants=PLACES)))
    tce.RpcCommAdapter("client").addServant(rig.servant).addConnection(prx.conn)
    long = "x" * 32_768  # together more than is kept
    calls = rig.run(lambda: [prx.conn.call(CALL_BACK, (long,)) for _ in range(200)])
    ended = []
    for call in calls:
        try:
            call.get(DEADLINE)
            ended.append(0)
        except tce.RpcException as error:
            ended.append(error.errcode)
    assert set(ended) <= {0, tce.RPCERROR_REMOTE_EXCEPTION}
    assert prx.conn.call(CALL_BACK, ("all places are free again",)).get(DEADLINE)


class Holding(tce.RpcConnectionEventListener):
    """A listener that holds a connection at messages with these parameters, until their gate opens."""

    def __init__(self, gates: dict[bytes, gevent.event.Event]) -> None:
        self.gates = gates
        self.arrivals = threading.Semaphore(0)

    def onDataPacket(self, conn: tce.RpcConnection, m: tce.RpcMessage) -> bool:  # noqa: N802  the name of TCE's users
        gate = self.gates.get(m.paramstream)
        if gate is not None:
            with conn.held():
                self.arrivals.release()
                gate.wait()
        return True


@gevent_tcp
def test_calls_that_came_while_two_held_the_connection_are_served_when_the_second_lets_go(rig: SocketRig) -> None:
    texts = [ECHO.write_params(text) for text in ("first", "second")]
    listener = Holding({text: rig.run(gevent.event.Event) for text in texts})
    prx = TalkPrx(rig.dial(rig.listen(listener=listener)))
    promises = [prx.echo_async("first")]
    assert listener.arrivals.acquire(timeout=DEADLINE)
    promises.append(prx.echo_async("third"))
    stray = tce.RpcMessage(calltype=RETURN, paramstream=texts[1])
    rig.run(lambda: prx.conn.sendMessage(stray))
    assert listener.arrivals.acquire(timeout=DEADLINE)
    for text in texts:
        rig.run(listener.gates[text].set)
        rig.run(lambda: gevent.sleep(0))
    assert [promise.get(DEADLINE) for promise in promises] == ["first", "third"]
