"""The two ends of a connection without a socket: a transport that keeps what is written, and an interface to call."""

from collections.abc import Coroutine
from typing import Any

import tcelib as tce
from tcelib.core.port import Done
from tests.tcelib.idl_value import make_operation

ECHO = make_operation("echo", 7, 7, ("string",), "string")
ADD = make_operation("add", 7, 40, ("int", "int"), "int")
NOP = make_operation("nop", 7, 8, ())
NOTE = make_operation("note", 7, 9, ("string",))


class MemoryTransport:
    """The in-memory twin of a transport. ``writes`` are the lists that ``write`` was given; ``peer`` gets their bytes
    when ``deliver`` is called. Time is ``clock``; coroutines wait in ``running``, handed over work in ``work``."""

    def __init__(self, may_compress: bool = True) -> None:
        self.may_compress = may_compress
        self.writes: list[list[bytes]] = []
        self.answers: list[tuple[str, bytes]] = []
        self.running: list[tuple[Coroutine[Any, Any, Any], Done]] = []
        self.work: list[Any] = []
        self.clock = 100.0
        self.is_closed = False
        self.in_own_thread = True
        self.has_loop = False
        self.refusal: tce.RpcException | None = None
        self.on_wait: Any = lambda promise, timeout: None

    def is_stop(self, error: BaseException) -> bool:
        return isinstance(error, KeyboardInterrupt)

    def is_mine(self) -> bool:
        return self.in_own_thread

    def hand_over(self, work: Any, /) -> None:
        self.work.append(work)

    def call_soon(self, work: Any, /) -> bool:
        if self.has_loop:
            self.work.append(work)
        return self.has_loop

    def write(self, packets: Any, /) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.writes.append(packets)

    def write_to(self, queue: str, body: bytes, /) -> None:
        self.answers.append((queue, body))

    def make_room(self, timeout: float, /) -> None:
        pass

    def until_open(self, timeout: float, /) -> None:
        pass

    def close(self) -> None:
        self.is_closed = True

    def wait(self, promise: tce.RpcPromise[Any], timeout: float | None, /) -> None:
        self.on_wait(promise, timeout)

    def future(self, promise: tce.RpcPromise[Any], /) -> Any:
        raise RuntimeError("nobody awaits here")

    def run(self, coroutine: Coroutine[Any, Any, Any], done: Done, /) -> None:
        self.running.append((coroutine, done))

    def now(self) -> float:
        return self.clock

    def finish(self) -> None:
        """Drive the oldest coroutine to its end. It must not wait for anything."""
        coroutine, done = self.running.pop(0)
        try:
            coroutine.send(None)
        except StopIteration as end:
            done(end.value, None)
        except Exception as error:  # noqa: BLE001  a servant's
            done(None, error)

    @property
    def packets(self) -> list[bytes]:
        return [packet for packets in self.writes for packet in packets]

    def take(self) -> bytes:
        """All bytes that were written since the last time."""
        data = b"".join(self.packets)
        self.writes.clear()
        return data


class Calculator(tce.Servant):
    """Serves the operations above. ``seen`` has the contexts."""

    INTERFACE = tce.Interface("test.I7", ifidx=7, operations=(ECHO, ADD, NOP, NOTE))

    def __init__(self) -> None:
        self.seen: list[tce.RpcContext] = []
        self.notes: list[str] = []

    def echo(self, text: str, ctx: tce.RpcContext) -> Any:
        self.seen.append(ctx)
        return text

    def add(self, aa: int, bb: int, ctx: tce.RpcContext) -> Any:
        return aa + bb

    def nop(self, ctx: tce.RpcContext) -> Any:
        self.seen.append(ctx)

    def note(self, text: str, ctx: tce.RpcContext) -> Any:
        self.seen.append(ctx)
        self.notes.append(text)


class CalculatorPrx(tce.Proxy):
    """Calls them."""

    def echo(self, text: str, timeout: float | None = None, extra: tce.Extra | None = None) -> str:
        return self._call(ECHO, (text,), timeout, extra)

    def echo_async(self, text: Any, callback: Any = None, **options: Any) -> tce.RpcPromise[str]:
        return self._call_async(ECHO, (text,), callback=callback, **options)

    def nop_async(self, callback: Any = None, **options: Any) -> tce.RpcPromise[None]:
        return self._call_async(NOP, (), callback=callback, **options)

    def note_oneway(self, text: str, extra: tce.Extra | None = None) -> None:
        self._send(NOTE, (text,), extra)


def open_connection(
    transport: MemoryTransport | None = None, servant: tce.Servant | None = None, **options: Any
) -> Any:
    """A connection that is open, over a ``MemoryTransport``, with or without somebody to serve."""
    connection = tce.RpcConnection(transport or MemoryTransport(), **options)
    if servant is not None:
        tce.RpcCommAdapter("test").addServant(servant).addConnection(connection)
    connection.opened()
    return connection


def exchange(one: tce.RpcConnection, other: tce.RpcConnection) -> None:
    """Carry bytes to and fro until nobody has anything to say."""
    while True:
        to_other, to_one = one.transport.take(), other.transport.take()  # type: ignore[attr-defined]
        if not to_other and not to_one:
            return
        for connection, data in ((other, to_other), (one, to_one)):
            more = connection.receive(data)
            while more:
                more = connection.serve()
