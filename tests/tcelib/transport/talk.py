"""The service of the transports' tests: an interface, its proxy, and servants that wait as gevent or asyncio does."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import gevent

import tcelib as tce
from tests.tcelib.idl_value import make_operation

ECHO = make_operation("echo", 21, 0, ("string",), "string")
BLOB = make_operation("blob", 21, 1, ("bytes",), "bytes")
HOLD = make_operation("hold", 21, 2, ("string",), "string")
CALL_BACK = make_operation("call_back", 21, 3, ("string",), "string")
FAIL = make_operation("fail", 21, 4, ("string",), "string")
EXTRA = make_operation("extra", 21, 5, ("string",), "string")
NOTE = make_operation("note", 21, 6, ("string",))
USER = make_operation("user", 21, 7, (), "string")
ZEROS = make_operation("zeros", 21, 8, ("int",), "bytes")
NEST = make_operation("nest", 21, 9, ("int",), "int")
ALL = (ECHO, BLOB, HOLD, CALL_BACK, FAIL, EXTRA, NOTE, USER, ZEROS, NEST)
NOWHERE = make_operation("nowhere", 99, 0, (), "string")


ESCAPES: dict[str, Callable[[], BaseException]] = {
    "exit": SystemExit,
    "greenlet exit": gevent.GreenletExit,
    "timeout": gevent.Timeout,
    "cancelled": asyncio.CancelledError,
    "generator exit": GeneratorExit,
}
"""What ``except Exception`` lets pass."""


class Talk(tce.Servant):
    """``gate`` is an Event of the server's kind, which ``hold`` waits for; ``arrivals`` counts those who wait.

    ``notes`` is what came one-way.
    """

    INTERFACE = tce.Interface("test.Talk", ifidx=21, operations=ALL)

    def __init__(self, gate: Any) -> None:
        self.gate = gate
        self.arrivals = threading.Semaphore(0)
        self.notes: list[str] = []
        self.tokens: list[str | None] = []

    def echo(self, text: str, ctx: tce.RpcContext) -> Any:
        self.tokens.append(ctx.msg.extra.props.get("__token__"))
        return text

    def blob(self, data: bytes, ctx: tce.RpcContext) -> Any:
        return data

    def hold(self, text: str, ctx: tce.RpcContext) -> Any:
        self.arrivals.release()
        self.gate.wait()
        return text

    def call_back(self, text: str, ctx: tce.RpcContext) -> Any:
        return TalkPrx(ctx.conn).echo(text)

    def fail(self, text: str, ctx: tce.RpcContext) -> Any:
        """Raise what ``text`` names in ``ESCAPES``; "later ...": in a coroutine."""
        kind = text.removeprefix("later ")
        error = ESCAPES[kind]() if kind in ESCAPES else LookupError(text)
        if kind != text:
            return self._fail_later(error)
        raise error

    async def _fail_later(self, error: BaseException) -> None:
        raise error

    def extra(self, name: str, ctx: tce.RpcContext) -> Any:
        return ctx.msg.extra.props.get(name, "")

    def note(self, text: str, ctx: tce.RpcContext) -> Any:
        self.notes.append(text)

    def nest(self, depth: int, ctx: tce.RpcContext) -> Any:
        """Call back, and be called back, ``depth`` times."""
        return 1 + TalkPrx(ctx.conn).nest(depth - 1) if depth else 0

    def zeros(self, count: int, ctx: tce.RpcContext) -> Any:
        return bytes(count)

    def user(self, ctx: tce.RpcContext) -> Any:
        return ctx.conn.getUserId()


class AsyncTalk(Talk):
    """For asyncio; ``call_back`` works in gevent, too."""

    async def hold(self, text: str, ctx: tce.RpcContext) -> Any:
        self.arrivals.release()
        await self.gate.wait()
        return text

    async def call_back(self, text: str, ctx: tce.RpcContext) -> Any:
        return await TalkPrx(ctx.conn).echo_async(text)


class TalkPrx(tce.Proxy):
    """Calls them."""

    def echo(self, text: str, timeout: float | None = None, extra: tce.Extra | None = None) -> str:
        return self._call(ECHO, (text,), timeout, extra)

    def echo_async(self, text: str, callback: Any = None, **options: Any) -> tce.RpcPromise[str]:
        return self._call_async(ECHO, (text,), callback=callback, **options)

    def blob(self, data: bytes) -> bytes:
        return self._call(BLOB, (data,), None, None)

    def hold(self, text: str, timeout: float | None = None) -> str:
        return self._call(HOLD, (text,), timeout, None)

    def hold_async(self, text: str, **options: Any) -> tce.RpcPromise[str]:
        return self._call_async(HOLD, (text,), **options)

    def call_back(self, text: str) -> str:
        return self._call(CALL_BACK, (text,), None, None)

    def call_back_async(self, text: str) -> tce.RpcPromise[str]:
        return self._call_async(CALL_BACK, (text,))

    def fail(self, text: str) -> str:
        return self._call(FAIL, (text,), None, None)

    def fail_async(self, text: str, callback: Any = None, **options: Any) -> tce.RpcPromise[str]:
        return self._call_async(FAIL, (text,), callback=callback, **options)

    def extra(self, name: str, extra: tce.Extra | None = None) -> str:
        return self._call(EXTRA, (name,), None, extra)

    def note_oneway(self, text: str) -> None:
        self._send(NOTE, (text,))

    def nest(self, depth: int) -> int:
        return self._call(NEST, (depth,), None, None)

    def zeros(self, count: int) -> bytes:
        return self._call(ZEROS, (count,), None, None)

    def user(self) -> str:
        return self._call(USER, (), None, None)

    def nowhere(self) -> str:
        return self._call(NOWHERE, (), None, None)
