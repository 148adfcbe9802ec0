"""The answer of a call that is still to come, and the chain of callbacks that it begins.

A promise is completed once, by its connection, with a result or with an exception. There are
four ways to the answer, all of which may be used on one promise:

    await promise                       in asyncio
    promise.get(timeout)                in gevent, or in a thread that is not the connection's
    promise.add_done_callback(f)        f(promise), at once if it is done
    promise.then(f).error(g).final(h)   the chain of ``tcelib.core.chain``. It begins when the answer is there: with
                                        ``onNext`` if it is a result, with ``onError`` if it is an exception. Its
                                        context has them as ``result`` and ``exception``; ``data`` of the promise is
                                        the result. No ``end()`` is needed, and one that is called does nothing.

A fork that ``error`` gives stands for the same answer: ``await`` and ``get`` work on it, too. A promise that somebody
makes himself, to begin a chain with ``end()``, has no answer, unless he completes it.

Pure: the waiting is done by the connection's transport (``Waiter``).
"""

import logging
import math
from collections.abc import Awaitable, Callable, Generator
from types import TracebackType
from typing import Any, Generic, Protocol, Self, TypeVar

from tcelib.core.chain import Callback, Chain, RpcAsyncContext
from tcelib.error import RPCERROR_TIMEOUT, RpcException

T = TypeVar("T")
log = logging.getLogger("tce.promise")


class Waiter(Protocol):
    """Ways to wait for a promise; every transport is a waiter (see ``tcelib.core.port``)."""

    def wait(self, promise: "RpcPromise[Any]", timeout: float | None, /) -> None:
        """Block until the promise is done or ``timeout`` seconds are over."""

    def future(self, promise: "RpcPromise[Any]", /) -> Awaitable[object]:
        """Something to await that is done when the promise is."""

    def is_stop(self, error: BaseException, /) -> bool:
        """Return true if an ``error`` that is no ``Exception`` is meant for the program."""


class RpcPromise(Chain, Generic[T]):
    """The answer of a call. ``cookie`` is handed to the chain's context."""

    cookie: Any = None
    deadline = math.inf  # of the call, by the connection's clock
    is_done = False
    _result: Any = None
    _exception: BaseException | None = None
    _trace: TracebackType | None = None  # of the exception, before anybody has raised it here
    _has_begun = False
    _root: "RpcPromise[T] | None" = None  # of a fork: the promise whose answer it stands for

    def __init__(self, waiter: Waiter | None = None) -> None:
        self._waiter = waiter
        self._callbacks: list[Callable[[RpcPromise[T]], object]] = []

    def set_result(self, result: T) -> None:
        """Complete the promise with a result. Ignored if it is done."""
        if not self.is_done:
            self._result = result
            self._complete()

    def set_exception(self, exception: BaseException) -> None:
        """Complete the promise with an exception. Ignored if it is done."""
        if not self.is_done:
            self._exception = exception
            self._trace = exception.__traceback__
            self._complete()

    def abandon(self, exception: BaseException) -> None:
        """End the promise in a child process: the answer comes to the parent, where the callbacks wait for it."""
        self._callbacks.clear()
        self._exception = exception
        self.is_done = self._has_begun = True

    def done(self) -> bool:
        """Return true if there is a result or an exception."""
        return (self._root or self).is_done

    def result(self) -> T:
        """The result of a promise that is done; raises the exception if it ended with one."""
        source = self._root or self
        if source._exception is not None:
            raise source._exception.with_traceback(source._trace)  # else each caller would make it longer
        result: T = source._result
        return result

    def exception(self) -> BaseException | None:
        """Return the exception of a promise that is done; None if it has a result."""
        return (self._root or self)._exception

    def add_done_callback(self, callback: "Callable[[RpcPromise[T]], object]") -> None:
        """Call ``callback(promise)`` when it is done, where the connection lives; at once, and here, if it is.

        What it raises is logged. Any thread may do this: steps on a list are atomic, and whoever takes a callback off
        the list is the one to call it.
        """
        source = self._root or self
        source._callbacks.append(callback)
        if source.is_done:
            source._run_callbacks()

    def get(self, timeout: float | None = None) -> T:
        """Wait for the answer and give it, or raise what the call ended with.

        Raises ``RpcException`` (TIMEOUT) after ``timeout`` seconds; the promise may still be done later. In a thread
        that is not the connection's also at the call's own deadline, whatever keeps the connection's thread busy.
        """
        source = self._root or self
        if not source.is_done:
            source._waiting().wait(source, timeout)
            if not source.is_done:
                words = "no answer in time" if timeout is None else f"no answer within {timeout} s"
                raise RpcException(RPCERROR_TIMEOUT, words)
        return source.result()

    def __await__(self) -> Generator[Any, Any, T]:
        source = self._root or self
        if not source.is_done:
            yield from source._waiting().future(source).__await__()
        return source.result()

    def then(self, callback: Callback) -> Self:
        """Add a callback at the end of the chain."""
        super().then(callback)
        self._begin_late()
        return self

    def error(self, callback: Callback) -> Self:
        """Add a fork for the call's error, and for those of the callbacks that are there now; gives the fork."""
        fork = super().error(callback)
        self._begin_late()
        return fork

    def final(self, callback: Callback) -> Self:
        """Set what is called at the end, whichever end it is."""
        super().final(callback)
        self._begin_late()
        return self

    def end(self) -> None:
        """Begin a chain that belongs to no call."""
        if self._waiter is None:
            super().end()

    def make_fork(self) -> Self:
        """See ``Chain``."""
        fork = type(self)(self._waiter)
        fork._root = self._root or self
        return fork

    def is_stop(self, error: BaseException) -> bool:
        """See ``Chain``."""
        return super().is_stop(error) if self._waiter is None else self._waiter.is_stop(error)

    def _waiting(self) -> Waiter:
        if self._waiter is None:
            raise RuntimeError("this promise belongs to no connection: nothing can wait for it")
        return self._waiter

    def _complete(self) -> None:
        self.is_done = True
        if self._callbacks:
            self._run_callbacks()
        if self.has_callbacks:
            self._begin()

    def _begin_late(self) -> None:
        if self.is_done and not self._has_begun:
            self._begin()

    def _begin(self) -> None:
        self._has_begun = True
        ctx = RpcAsyncContext(self, self._result, self._exception)
        ctx.cookie = self.cookie
        self.data = self._result
        if self._exception is None:
            self.onNext(ctx)
        else:
            self.onError(ctx)

    def _run_callbacks(self) -> None:
        while True:
            try:
                callback = self._callbacks.pop(0)
            except IndexError:
                return
            try:
                callback(self)
            except BaseException as error:  # callbacks are other people's code
                if not isinstance(error, Exception) and self.is_stop(error):
                    raise
                log.exception("a callback of an answer raised")
