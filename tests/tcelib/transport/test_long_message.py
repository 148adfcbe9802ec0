"""A message that is too long costs its own call: the limit is that of what is inflated, on both sides."""

from collections.abc import Callable

import pytest

import tcelib as tce
from tests.tcelib.transport.conftest import SOCKET_RIGS
from tests.tcelib.transport.rig import DEADLINE, SocketRig
from tests.tcelib.transport.talk import TalkPrx

TOO_LONG = 2 * 1024 * 1024  # bytes, all alike: some kilobytes when they are compressed
MORE = 4 * 1024 * 1024
streams = pytest.mark.parametrize("rig", SOCKET_RIGS, indirect=True)
compressing = pytest.mark.parametrize("rig", [name for name in SOCKET_RIGS if "w" not in name], indirect=True)


def errcode_beside_a_waiting_call(rig: SocketRig, prx: TalkPrx, call: Callable[[], object]) -> int:
    """Return the error code of ``call`` between peers who know each other, beside a waiting call that is answered."""
    prx.echo("x" * 200)
    held = prx.hold_async("not lost")
    with pytest.raises(tce.RpcException) as caught:
        call()
    rig.run(rig.servant.gate.set)
    assert held.get(DEADLINE) == "not lost"
    return caught.value.errcode


@streams
def test_a_call_that_would_be_inflated_to_too_much_is_not_sent(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial())
    assert errcode_beside_a_waiting_call(rig, prx, lambda: prx.blob(bytes(TOO_LONG))) == tce.RPCERROR_SENDFAILED


@streams
def test_an_answer_that_would_be_inflated_to_too_much_is_an_error_of_its_call(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial())
    errcode = errcode_beside_a_waiting_call(rig, prx, lambda: prx.zeros(TOO_LONG))
    assert errcode == tce.RPCERROR_REMOTEMETHOD_EXCEPTION


@compressing
def test_a_call_that_is_longer_than_the_server_takes_is_answered_with_an_error(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial(max_packet_bytes=MORE))
    errcode = errcode_beside_a_waiting_call(rig, prx, lambda: prx.blob(bytes(TOO_LONG)))
    assert errcode == tce.RPCERROR_UNSERIALIZE_FAILED


@compressing
def test_an_answer_that_is_longer_than_the_client_takes_is_an_error_of_its_call(rig: SocketRig) -> None:
    prx = TalkPrx(rig.dial(rig.listen(max_packet_bytes=MORE)))
    errcode = errcode_beside_a_waiting_call(rig, prx, lambda: prx.zeros(TOO_LONG))
    assert errcode == tce.RPCERROR_UNSERIALIZE_FAILED
