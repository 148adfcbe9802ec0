"""A gate with a route, and services that answer what was posted to them."""

import functools
import tempfile
from pathlib import Path
from typing import Any

import tcelib as tce
from rtserver.base.bridge.message import CallsLeft, Message, PassCall, ServiceBodies
from rtserver.rpc.route import RpcRoute
from rtserver.rpc.route_reader import read_routes
from rtserver.user.rpc.rpc_gate import RpcGate
from tcelib.wire.message import MQ_RETURN, RETURN, USER_ID, build_body

IDL = """
module shop {
struct Item { string name; long barcode; };
sequence<Item> Items;
[index=60] interface Orders { long place(Items items); void cancel(long number); string note(string text); };
[index=61] interface Log { void write(string text); };
};
"""
QUEUE, ANSWERS = "orders", "orders/mine"
PLACE, CANCEL, NOTE = 60 << 16, 60 << 16 | 1, 60 << 16 | 2


@functools.cache
def routes(timeout: float = 10.0, *, idempotent: bool = False) -> tuple[RpcRoute, ...]:
    """The route of both interfaces."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "shop.idl")
        path.write_text(IDL)
        table = {"idl": str(path), "interfaces": ["shop.Orders", "shop.Log"], "queue": QUEUE}
        return read_routes({"orders": {**table, "timeout": timeout, "idempotent": idempotent}})


class Services:
    """A gate whose calls stay here until ``answer`` says what became of them. Time is ``now``."""

    def __init__(self, **options: Any) -> None:
        self.now = 1000.0
        self.calls: list[PassCall] = []
        self.gate = RpcGate(routes(**options), {QUEUE: ANSWERS}, post=self._post, now=lambda: self.now)
        self._receivers = self.gate.receivers()

    def take(self) -> list[tce.RpcMessage]:
        """The calls since the last look; they have left for the queue."""
        calls = [tce.RpcMessage.parse(call.body) for call in self.calls]
        self.left()
        return calls

    def left(self) -> None:
        """All calls have left for the queue."""
        calls, self.calls = self.calls, []
        for call in calls:
            self.tell(CallsLeft(call.queue, len(call.body)))

    def answer(self, call: tce.RpcMessage, params: bytes = b"", errcode: int = 0) -> None:
        """A service answers a call."""
        self.tell(ServiceBodies(QUEUE, (answer_to(call, params, errcode),)))

    def tell(self, message: Message) -> None:
        """A message comes over the bridge."""
        self._receivers[type(message)](message)

    def _post(self, message: Message) -> None:
        assert isinstance(message, PassCall)
        self.calls.append(message)


def answer_to(call: tce.RpcMessage, params: bytes = b"", errcode: int = 0) -> bytes:
    """The body of an answer as tcelib's services write it."""
    extra = {USER_ID: call.extra.props[USER_ID]}
    if not errcode:
        extra = {MQ_RETURN: call.extra.props[MQ_RETURN], **extra}
    return build_body(
        call.sequence,
        RETURN,
        call.ifidx << 16,
        errcode=errcode,
        paramsize=int(bool(params)),
        call_id=call.call_id,
        extra=extra,
        params=params,
    )
