# ruff: noqa: N802, N815  the names that TCE's users know from other languages
"""Chains of callbacks with forks for errors (TCE protocol, section 6.5).

A chain hands one context from callback to callback. A callback decides how it goes on: ``ctx.onNext()``,
``ctx.onError()``, ``ctx.again()``, now or later; if it does neither, the chain stands. One that raises has said
``onError``, with what it raised in ``ctx.exception``.

    promise.then(a).then(b)             a, then b
    fork = promise.error(e)             if a or b says onError: e, then the fork's own callbacks, then what was added
                                        to the promise after this line
    promise.final(f)                    once, at the end, however it came about
    promise.join(other)                 when the other's chain has ended, go on with what is added here after this
    promise.end()                       go

What is added to a chain that has ended already is run at once, if it would have been reached. The context's
``promise`` is the fork's from the fork on, as in the other languages, also when the chain has returned from it.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Self, TypeAlias

log = logging.getLogger("tce.promise")


class RpcAsyncContext:
    """State that the callbacks of a chain share.

    ``promise`` is the chain it is in; ``result`` and ``exception`` are those of the call that began it; ``cookie``
    is the caller's. Callbacks may keep what they like in ``promise.data``.
    """

    def __init__(self, promise: "Chain", result: Any = None, exception: BaseException | None = None) -> None:
        self.promise = promise
        self.result = result
        self.exception = exception
        self.cookie: Any = None
        self.moves = 0
        self._step: tuple[Chain, Callback] | None = None

    @property
    def data(self) -> Any:
        """The same as ``result``."""
        return self.result

    def onNext(self) -> None:
        """Go on with the next callback."""
        self.promise.onNext(self)

    def onError(self) -> None:
        """Go on with the error callback that is nearest."""
        self.promise.onError(self)

    def again(self) -> None:
        """Run the callback that was run last once more."""
        if self._step is not None:
            chain, callback = self._step
            self.promise = chain
            self.run(chain, callback)

    def run(self, chain: "Chain", callback: "Callback") -> None:
        """Call one callback; what it raises goes the way of ``onError``, unless it had moved on before."""
        self._step = chain, callback
        moves = self.moves
        try:
            callback(self)
        except BaseException as error:  # callbacks are other people's code
            if not isinstance(error, Exception) and chain.is_stop(error):
                raise
            log.exception("a callback of a promise raised")
            if self.moves == moves:
                self.exception = error
                self.promise.onError(self)


Callback: TypeAlias = Callable[[RpcAsyncContext], object]


class Chain:
    """One chain. Each part of its state is made when it is needed: most calls never use theirs."""

    data: Any = None
    nextPromise: "Chain | None" = None
    lastPoint: int | None = None
    _steps: "deque[tuple[int, Callback]] | None" = None
    _forks: "deque[tuple[Chain, int]] | None" = None
    _last: int = 0  # the number of the callback that was added last
    _final: Callback | None = None
    _ended: RpcAsyncContext | None = None
    _ended_well: bool = True

    def then(self, callback: Callback) -> Self:
        """Add a callback at the end."""
        if self._steps is None:
            self._steps = deque()
        self._last += 1
        self._steps.append((self._last, callback))
        if self._ended is not None and self._ended_well:
            self.onNext(self._ended)
        return self

    def error(self, callback: Callback) -> Self:
        """Add a fork, which begins with ``callback``, for errors of the callbacks that are there now. Gives it."""
        fork = self.make_fork()
        fork.then(callback)
        fork.nextPromise = self
        if self._forks is None:
            self._forks = deque()
        self._forks.append((fork, self._last))
        if self._ended is not None and not self._ended_well:
            self._ended.promise = self
            self.onError(self._ended)
        return fork

    def final(self, callback: Callback) -> Self:
        """Set what is called at the end, whichever end it is."""
        self._final = callback
        if self._ended is not None:
            self._run_final(self._ended)
        return self

    def join(self, promise: "Chain") -> Self:
        """Go on here when ``promise`` has ended, with what is added to this chain from now on."""
        promise.nextPromise = self
        promise.lastPoint = self._last
        if promise._ended is not None:
            self.onNext(promise._ended, promise)
        return self

    def end(self) -> None:
        """Begin, with a context of its own."""
        self.onNext(RpcAsyncContext(self))

    def onNext(self, ctx: RpcAsyncContext, origin: "Chain | None" = None) -> None:
        """Call the next callback, or end well. ``origin`` is the chain that has ended and leads here."""
        ctx.moves += 1
        if origin is not None and origin.lastPoint is not None:
            self._drop_steps(origin.lastPoint)
        if self._steps:
            self._ended = None
            _, callback = self._steps.popleft()
            ctx.run(self, callback)
        else:
            self._end(ctx, well=True)

    def onError(self, ctx: RpcAsyncContext) -> None:
        """Go into the first fork for errors; without one, end."""
        ctx.moves += 1
        if self._forks:
            self._ended = None
            fork, last = self._forks.popleft()
            self._drop_steps(last)
            ctx.promise = fork
            fork.onNext(ctx)
        else:
            self._end(ctx, well=False)

    @property
    def has_callbacks(self) -> bool:
        """True if anything follows the beginning of the chain."""
        return bool(self._steps or self._forks or self._final or self.nextPromise)

    def make_fork(self) -> Self:
        """Return a new chain for errors of this one."""
        return type(self)()

    def is_stop(self, error: BaseException) -> bool:
        """Return whether an ``error`` that is no ``Exception`` is meant for the program."""
        return isinstance(error, KeyboardInterrupt)

    def _drop_steps(self, last: int) -> None:
        while self._steps and self._steps[0][0] <= last:
            self._steps.popleft()

    def _end(self, ctx: RpcAsyncContext, well: bool) -> None:
        self._ended = ctx
        self._ended_well = well
        self._run_final(ctx)
        if self.nextPromise is not None:
            self.nextPromise.onNext(ctx, self)

    def _run_final(self, ctx: RpcAsyncContext) -> None:
        callback, self._final = self._final, None
        if callback is not None:
            ctx.run(self, callback)
