"""The contract of every transport, over real sockets and a real Redis: a test class for all, one more for streams.

The tests run in a thread that is not the connections' home, so every call here crosses over to it.
"""

import os
import traceback
from concurrent.futures import Future
from typing import Any

import pytest

import tcelib as tce
from tests.conftest import unused_port
from tests.tcelib.transport.rig import DEADLINE, Rig, SocketRig
from tests.tcelib.transport.talk import ESCAPES, TalkPrx

LOST = 200  # calls, with one connection
MOST_LINES = 20  # of a traceback, one for each frame
NEVER = 0.05  # seconds that are waited for an answer that cannot come


class CallContract:
    """Needs a fixture ``rig``."""

    def test_a_call_is_answered(self, rig: Rig) -> None:
        assert TalkPrx(rig.dial()).echo("grüß dich 😀") == "grüß dich 😀"

    def test_a_one_way_call_arrives(self, rig: Rig) -> None:
        prx = TalkPrx(rig.dial())
        prx.note_oneway("first")
        prx.note_oneway("second")
        prx.echo("they came before this")
        assert rig.servant.notes == ["first", "second"]

    def test_a_callback_gets_result_proxy_and_cookie(self, rig: Rig) -> None:
        prx = TalkPrx(rig.dial())
        called: Future[Any] = Future()
        prx.echo_async("pingpang", lambda *arguments: called.set_result(arguments), cookie="c")
        assert called.result(DEADLINE) == ("pingpang", prx, "c")

    def test_an_error_callback_gets_exception_proxy_and_cookie(self, rig: Rig) -> None:
        prx = TalkPrx(rig.dial())
        called: Future[Any] = Future()
        prx.fail_async("on purpose", error=lambda *arguments: called.set_result(arguments), cookie="c")
        exception, *others = called.result(DEADLINE)
        assert exception.errcode == tce.RPCERROR_REMOTEMETHOD_EXCEPTION
        assert others == [prx, "c"]

    def test_a_call_without_an_answer_times_out_and_the_next_one_works(self, rig: Rig) -> None:
        prx = TalkPrx(rig.dial())
        with pytest.raises(tce.RpcException) as caught:
            prx.hold("in vain", timeout=NEVER)
        assert caught.value.errcode == tce.RPCERROR_TIMEOUT
        rig.run(rig.servant.gate.set)
        assert prx.echo("here") == "here"

    def test_a_promise_can_be_awaited_at_home(self, rig: Rig) -> None:
        prx = TalkPrx(rig.dial())

        async def ask() -> list[str]:
            first = prx.echo_async("one")
            return [await prx.echo_async("two"), await first]

        assert rig.run_coroutine(ask()) == ["two", "one"]

    def test_an_awaited_call_that_fails_raises(self, rig: Rig) -> None:
        prx = TalkPrx(rig.dial())

        async def ask() -> str:
            return await prx.fail_async("on purpose")

        with pytest.raises(tce.RpcException):
            rig.run_coroutine(ask())

    def test_a_promise_can_be_waited_for_in_another_thread(self, rig: Rig) -> None:
        prx = TalkPrx(rig.dial())
        promise = rig.run(lambda: prx.echo_async("made at home"))
        assert promise.get(DEADLINE) == "made at home"

    def test_get_gives_up_after_its_time(self, rig: Rig) -> None:
        promise = TalkPrx(rig.dial()).hold_async("later")
        with pytest.raises(tce.RpcException) as caught:
            promise.get(NEVER)
        assert caught.value.errcode == tce.RPCERROR_TIMEOUT
        rig.run(rig.servant.gate.set)
        assert promise.get(DEADLINE) == "later"

    def test_the_token_goes_with_the_first_call_of_a_connection(self, rig: Rig) -> None:
        conn = rig.dial()
        conn.setToken("secret")
        prx = TalkPrx(conn)
        prx.echo("one")
        prx.echo("two")
        assert rig.servant.tokens == ["secret", None]

    def test_extra_values_reach_the_servant(self, rig: Rig) -> None:
        assert TalkPrx(rig.dial()).extra("colour", extra={"colour": "green"}) == "green"

    def test_a_message_of_900_kilobytes_goes_and_comes(self, rig: Rig) -> None:
        data = os.urandom(900 * 1024)
        assert TalkPrx(rig.dial()).blob(data) == data

    def test_a_message_over_the_limit_is_refused_here(self, rig: Rig) -> None:
        with pytest.raises(tce.RpcException) as caught:
            TalkPrx(rig.dial()).blob(bytes(0x100000))
        assert caught.value.errcode == tce.RPCERROR_SENDFAILED

    def test_a_servant_that_raises_says_no_more_than_that(self, rig: Rig) -> None:
        with pytest.raises(tce.RpcException) as caught:
            TalkPrx(rig.dial()).fail("a secret")
        assert caught.value.errcode == tce.RPCERROR_REMOTEMETHOD_EXCEPTION
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("what", [*ESCAPES, *(f"later {what}" for what in ESCAPES)])
    def test_whatever_a_servant_raises_costs_one_call(self, rig: Rig, what: str) -> None:
        prx = TalkPrx(rig.dial())
        with pytest.raises(tce.RpcException) as caught:
            prx.fail(what)
        assert caught.value.errcode == tce.RPCERROR_REMOTEMETHOD_EXCEPTION
        assert prx.echo("still here") == "still here"

    def test_an_unknown_interface_is_answered(self, rig: Rig) -> None:
        with pytest.raises(tce.RpcException) as caught:
            TalkPrx(rig.dial()).nowhere()
        assert caught.value.errcode == tce.RPCERROR_INTERFACE_NOTFOUND

    def test_arguments_that_do_not_fit_are_refused_here(self, rig: Rig) -> None:
        with pytest.raises(tce.RpcException) as caught:
            TalkPrx(rig.dial()).echo(17)  # type: ignore[arg-type]
        assert caught.value.errcode == tce.RPCERROR_DATADIRTY

    def test_a_servant_that_waits_holds_up_nobody(self, rig: Rig) -> None:
        prx = TalkPrx(rig.dial())
        held = prx.hold_async("held")
        assert [prx.echo(str(number)) for number in range(10)] == [str(number) for number in range(10)]
        assert not held.done()
        rig.run(rig.servant.gate.set)
        assert held.get(DEADLINE) == "held"

    def test_a_thousand_calls_at_once_each_get_their_own_answer(self, rig: Rig) -> None:
        prx = TalkPrx(rig.dial())
        promises = [prx.echo_async(str(number)) for number in range(1000)]
        assert [promise.get(DEADLINE) for promise in promises] == [str(number) for number in range(1000)]

    def test_a_peer_that_is_not_there_is_a_connect_failed(self, rig: Rig) -> None:
        with pytest.raises(tce.RpcException) as caught:
            TalkPrx(rig.dial(unused_port())).echo("anybody?")
        assert caught.value.errcode == tce.RPCERROR_CONNECT_FAILED

    def test_nothing_is_left_when_all_is_closed(self, rig: Rig) -> None:
        prx = TalkPrx(rig.dial())
        prx.echo("here")
        pending = prx.hold_async("held")
        prx.echo("the call before this one has arrived")
        rig.run(rig.servant.gate.set)
        pending.get(DEADLINE)
        rig.hang_up()
        rig.stop_server()
        assert rig.leftovers() == []


class StreamContract:
    """Needs a fixture ``rig`` whose server has a port."""

    def test_a_servant_calls_back_over_the_same_connection(self, rig: SocketRig) -> None:
        prx = TalkPrx(rig.dial())
        tce.RpcCommAdapter("client").addServant(rig.servant).addConnection(prx.conn)
        assert prx.call_back("round trip") == "round trip"

    def test_many_servants_call_back_at_once(self, rig: SocketRig) -> None:
        prx = TalkPrx(rig.dial())
        tce.RpcCommAdapter("client").addServant(rig.servant).addConnection(prx.conn)
        promises = [prx.call_back_async(str(number)) for number in range(200)]
        assert [promise.get(DEADLINE) for promise in promises] == [str(number) for number in range(200)]

    def test_a_server_calls_a_user_that_it_knows(self, rig: SocketRig) -> None:
        conn = rig.dial()
        tce.RpcCommAdapter("client").addServant(rig.servant).addConnection(conn)
        user_id = TalkPrx(conn).user()
        there = rig.run(lambda: rig.adapter.getUserConnection(user_id))
        assert there is not None
        assert TalkPrx(there).echo("pushed") == "pushed"

    def test_users_are_numbered(self, rig: SocketRig) -> None:
        assert [TalkPrx(rig.dial()).user() for _ in range(2)] == ["1", "2"]

    def test_users_are_not_numbered_where_they_have_to_say_who_they_are(self, rig: SocketRig) -> None:
        assert TalkPrx(rig.dial(rig.listen(gives_user_ids=False))).user() == ""

    def test_the_token_goes_with_the_first_packet_of_each_stream(self, rig: SocketRig) -> None:
        watcher = Watcher()
        conn = rig.dial(listener=watcher)
        conn.setToken("secret")
        prx = TalkPrx(conn)
        prx.echo("one")
        prx.echo("two")
        rig.run(lambda: [there.close() for there in tuple(rig.adapter.connections)])
        assert watcher.left.result(DEADLINE) is conn
        prx.echo("three")
        prx.echo("four")
        assert rig.servant.tokens == ["secret", None, "secret", None]

    def test_a_call_of_the_listener_comes_behind_the_call_that_opened_the_stream(self, rig: SocketRig) -> None:
        class Eager(tce.RpcConnectionEventListener):
            def onConnected(self, conn: tce.RpcConnection) -> None:  # noqa: N802
                self.promise = TalkPrx(conn).echo_async("of the listener")

        eager = Eager()
        conn = rig.dial(listener=eager)
        conn.setToken("secret")
        assert TalkPrx(conn).echo("opens it") == "opens it"
        assert eager.promise.get(DEADLINE) == "of the listener"
        assert rig.servant.tokens == ["secret", None]

    def test_calls_that_wait_fail_when_the_connection_is_lost(self, rig: SocketRig) -> None:
        prx = TalkPrx(rig.dial())
        held = [prx.hold_async("in vain") for _ in range(3)]
        prx.echo("they have arrived")
        rig.run(lambda: [there.close() for there in tuple(rig.adapter.connections)])
        for promise in held:
            with pytest.raises(tce.RpcException) as caught:
                promise.get(DEADLINE)
            assert caught.value.errcode == tce.RPCERROR_CONNECTION_LOST
        rig.run(rig.servant.gate.set)

    def test_calls_that_are_lost_together_raise_an_exception_each_with_the_one_cause(self, rig: SocketRig) -> None:
        prx = TalkPrx(rig.dial(rig.listen(max_waiting_servants=LOST + 1)))
        held = [prx.hold_async("in vain") for _ in range(LOST)]
        prx.echo("they have arrived")
        rig.run(lambda: [there.close() for there in tuple(rig.adapter.connections)])
        lost = []
        for promise in held * 2:  # whoever asks twice makes no traceback longer
            with pytest.raises(tce.RpcException) as caught:
                promise.get(DEADLINE)
            lost.append(caught.value)
        rig.run(rig.servant.gate.set)
        assert len({id(error) for error in lost}) == LOST
        assert len({id(error.__cause__) for error in lost}) == 1
        assert max(len(traceback.format_exception(error)) for error in lost) < MOST_LINES

    def test_calls_that_wait_fail_when_the_connection_is_closed_here(self, rig: SocketRig) -> None:
        prx = TalkPrx(rig.dial())
        held = prx.hold_async("in vain")
        prx.echo("it has arrived")
        rig.run(prx.conn.close)
        with pytest.raises(tce.RpcException) as caught:
            held.get(DEADLINE)
        assert caught.value.errcode == tce.RPCERROR_CONNECTION_LOST
        rig.run(rig.servant.gate.set)

    def test_a_connection_that_was_closed_opens_again_for_the_next_call(self, rig: SocketRig) -> None:
        prx = TalkPrx(rig.dial())
        prx.echo("before")
        rig.run(prx.conn.close)
        assert prx.echo("after") == "after"

    def test_a_listener_that_says_no_closes_the_connection(self, rig: SocketRig) -> None:
        port = rig.listen(listener=Refuser())
        with pytest.raises(tce.RpcException) as caught:
            TalkPrx(rig.dial(port)).echo("please")
        assert caught.value.errcode == tce.RPCERROR_CONNECTION_LOST
        assert rig.servant.tokens == []

    def test_a_listener_is_told_of_everything(self, rig: SocketRig) -> None:
        watcher = Watcher()
        conn = rig.dial(rig.listen(listener=watcher))
        conn.setToken("secret")
        TalkPrx(conn).echo("hello")
        rig.run(conn.close)
        there = watcher.left.result(DEADLINE)
        assert watcher.log == [("connected", there), ("packet", there, 1, "secret")]

    def test_a_server_that_stops_says_goodbye(self, rig: SocketRig) -> None:
        watcher = Watcher()
        conn = rig.dial(listener=watcher)
        TalkPrx(conn).echo("hello")
        rig.stop_server()
        assert watcher.left.result(DEADLINE) is conn
        with pytest.raises(tce.RpcException) as caught:
            TalkPrx(conn).echo("anybody?")
        assert caught.value.errcode == tce.RPCERROR_CONNECT_FAILED


class Refuser(tce.RpcConnectionEventListener):
    """Lets nobody in."""

    def onDataPacket(self, conn: tce.RpcConnection, msg: tce.RpcMessage) -> bool:  # noqa: N802
        return False


class Watcher(tce.RpcConnectionEventListener):
    """Writes down what it is told; ``left`` is the first connection that was lost."""

    def __init__(self) -> None:
        self.log: list[tuple[object, ...]] = []
        self.left: Future[tce.RpcConnection] = Future()

    def onConnected(self, conn: tce.RpcConnection) -> None:  # noqa: N802
        self.log.append(("connected", conn))

    def onDisconnected(self, conn: tce.RpcConnection) -> None:  # noqa: N802
        if not self.left.done():
            self.left.set_result(conn)

    def onDataPacket(self, conn: tce.RpcConnection, msg: tce.RpcMessage) -> bool:  # noqa: N802
        self.log.append(("packet", conn, conn.getRecvedMessageCount(), msg.extra.props.get("__token__")))
        return True
