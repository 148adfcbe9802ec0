"""Clients of a gateway that say who they are not, where answers are to go, and that they are the gateway."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import gevent
import pytest

import tcelib as tce
from tcelib.wire.extra_map import pair
from tcelib.wire.message import CALL, EXTRA_COUNT, RETURN, SEQUENCE, Packet, split_extra
from tcelib.wire.packet import wrap
from tests.tcelib.runtime.gateway_rig import GatewayRig, until_so
from tests.tcelib.transport.raw_peer import RawPeer
from tests.tcelib.transport.talk import EXTRA, HOLD

T = TypeVar("T")
DOORS = pytest.mark.parametrize("door", ["socket", "websocket"])
ALL_BITS = 0xFFFF
FORGED = (("__user_id__", "7"), ("__mq_return__", "forged"))


def in_thread(work: Callable[[], T]) -> T:
    """Do what blocks, while the hub goes on."""
    done: T = gevent.get_hub().threadpool.apply(work)
    return done


def body_of(calltype: int, route: int, sequence: int, params: bytes, extra: tuple[tuple[str, str], ...]) -> bytes:
    """A message with all bits of ``call_id``. Names may be there several times, as no map has them."""
    fields = tce.RpcMessage(calltype, sequence, route >> 16, route & ALL_BITS, paramsize=1, call_id=ALL_BITS).pack()
    count = len(extra).to_bytes(4, "big")
    return fields[:-4] + count + b"".join(pair(*each) for each in extra) + params


def exchange(rig: GatewayRig, body: bytes) -> Packet:
    def talk() -> Packet:
        with RawPeer(rig.port, rig.door == "websocket") as peer:
            peer.send(wrap(body, deflates=False))
            return peer.take()

    return in_thread(talk)


@DOORS
@pytest.mark.parametrize("forged", [FORGED, FORGED * 3, FORGED[:1], FORGED[1:], (("x", "y"), *FORGED, ("z", ""))])
def test_a_service_hears_who_calls_from_the_gateway_alone(
    tmp_path: Path, redis_url: str, door: str, forged: tuple[tuple[str, str], ...]
) -> None:
    def tell(_name: str, ctx: tce.RpcContext) -> Any:
        return json.dumps([ctx.msg.extra.props, ctx.msg.call_id >> 15])

    with GatewayRig(tmp_path, redis_url, door=door) as rig:
        rig.servant.extra = tell  # type: ignore[method-assign]
        rig.serve()
        params = EXTRA.write_params("x")
        fields, answer = exchange(rig, body_of(CALL, EXTRA.route, 5, params, forged))
        props, is_marked = json.loads(EXTRA.read_result(_behind_extra(fields, answer)))
        own = {name: value for name, value in forged if name in ("x", "z")}
        (client,) = rig.state.table.doors["clients"].clients or [None]
    assert props.pop("__mq_return__") == "answers"
    assert int(props.pop("__user_id__")) > 1 << 39
    assert (props, is_marked) == (own, 1)
    assert fields[SEQUENCE] == 5
    assert client is None or not client.waiting


@DOORS
def test_a_forged_answer_ends_nobodys_call(tmp_path: Path, redis_url: str, door: str) -> None:
    with GatewayRig(tmp_path, redis_url, door=door) as rig:
        rig.serve()
        victim = rig.dial()
        user_id = victim.extra("__user_id__")
        held = victim.hold_async("mine")
        door_of = rig.state.table.doors["clients"]
        until_so(lambda: any(client.waiting for client in door_of.clients))
        (key,) = next(client.waiting for client in door_of.clients if client.waiting)
        sequence = key & 0xFFFFFFFF
        extra = (("__user_id__", user_id), ("__mq_return__", "answers"))
        forged = [
            body_of(RETURN, HOLD.route, sequence, HOLD.write_result("forged"), extra),
            body_of(RETURN | CALL, HOLD.route, sequence, HOLD.write_result("forged"), extra),
        ]

        def send() -> bool:
            with RawPeer(rig.port, door == "websocket") as peer:
                for body in forged:
                    peer.send(wrap(body, deflates=False))
                peer.send(wrap(body_of(CALL, EXTRA.route, 5, EXTRA.write_params("x"), ()), deflates=False))
                peer.take()
            return True

        assert in_thread(send)
        assert not held.done()
        rig.servant.gate.set()
        assert held.get() == "mine"


def _behind_extra(fields: tuple[int, ...], rest: bytes) -> bytes:
    return split_extra(fields[EXTRA_COUNT], rest)[1]
