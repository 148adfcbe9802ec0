"""A gevent hub as the place where connections live: its greenlets, its ways of waiting, its timers.

Decides how a promise is waited for: a greenlet of the hub lets the others go on, another thread just waits, and a
coroutine (an ``async def`` servant) is driven from promise to promise, with no event loop at all.
"""

import logging
import math
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Protocol

import gevent
import gevent.event
import gevent.pool

from tcelib.core.connection import RpcConnection
from tcelib.core.port import Done
from tcelib.core.promise import RpcPromise
from tcelib.fork import forget_in_children
from tcelib.transport.option import Options
from tcelib.transport.waiting import is_interruption, wait_in_thread

TICK_SECONDS = 0.01
log = logging.getLogger("tce.transport")


class ServantKilled(gevent.GreenletExit):  # type: ignore[misc]  # gevent has no types
    """Raised in a greenlet that did not end in time, when its server closes. A servant's own exits are not this."""


class Server(Protocol):
    """A link whose servant runs in a greenlet, which has it as ``tce_server``."""

    def wait_inside(self, wait: Callable[[], object], /) -> None:
        """Let a servant wait for the answer of a call that it makes itself."""


class HubHome:
    """The hub of the thread that makes this object, and the greenlets that serve its connections."""

    def __init__(self) -> None:
        self.hub = gevent.get_hub()
        self.thread = threading.get_ident()
        self._greenlets = gevent.pool.Group()
        forget_in_children(self)

    def forget(self) -> None:
        """See ``tcelib.fork``: what is opened from now on lives in the thread that is left, and in its hub."""
        self._greenlets = gevent.pool.Group()
        if self.thread == threading.get_ident():
            gevent.reinit()
        else:
            self.thread = threading.get_ident()
            self.hub = gevent.get_hub()

    def spawn(self, function: Callable[..., object], *args: Any) -> gevent.Greenlet:
        """A greenlet that ``join`` waits for."""
        return self._greenlets.spawn(function, *args)

    def join(self, timeout: float) -> None:
        """Wait for the greenlets, and kill those that take longer than ``timeout`` seconds."""
        # A servant that closes must not wait for itself.
        self._greenlets.discard(gevent.getcurrent())
        if not self._greenlets.join(timeout):
            self._greenlets.kill(ServantKilled)


class HubShell:
    """The part of a transport that its socket has no part in (``tcelib.core.port.Transport``).

    The maker of both sets ``connection``.
    """

    connection: RpcConnection

    def __init__(self, home: HubHome, options: Options) -> None:
        self.home = home
        self.options = options
        self.may_compress = options.may_compress
        self._timer: Any = None
        self._wakes_at = math.inf

    def is_mine(self) -> bool:
        """See ``Transport``."""
        return threading.get_ident() == self.home.thread

    def hand_over(self, work: Callable[[], object], /) -> None:
        """See ``Transport``. In a greenlet of its own, because the work may have to open a socket."""
        self.home.hub.loop.run_callback_threadsafe(self.home.spawn, work)

    def call_soon(self, work: Callable[[], object], /) -> bool:
        """See ``Transport``: a greenlet may do anything before the hub runs."""
        return False

    def make_room(self, timeout: float, /) -> None:
        """See ``Transport``: nobody waits."""

    def until_open(self, timeout: float, /) -> None:
        """See ``Transport``: nobody waits."""

    def wait(self, promise: RpcPromise[Any], timeout: float | None, /) -> None:
        """Let this greenlet wait, or this thread."""
        if not self.is_mine():
            wait_in_thread(self, promise, timeout)
            return
        is_done = gevent.event.Event()
        promise.add_done_callback(lambda _: is_done.set())
        self.connection.flush()  # in a servant, the call waits to leave together with the turn's answers
        server: Server | None = getattr(gevent.getcurrent(), "tce_server", None)
        if server is None:
            is_done.wait(timeout)
        else:
            server.wait_inside(lambda: is_done.wait(timeout))

    def future(self, promise: RpcPromise[Any], /) -> Awaitable[object]:
        """Return an object that a coroutine driven by ``run`` may await."""
        return _Awaited(promise)

    def is_stop(self, error: BaseException, /) -> bool:
        """The interruption of the program, and the end of a greenlet that ``HubHome.join`` kills."""
        return isinstance(error, ServantKilled) or is_interruption(error)

    def run(self, coroutine: Coroutine[Any, Any, Any], done: Done, /) -> None:
        """Drive the coroutine: here up to its first ``await``, then wherever the promise that it awaits is done."""
        self._step(coroutine, done, None)

    def now(self) -> float:
        """The monotonic clock."""
        return time.monotonic()

    def watch_deadline(self) -> None:
        """Let the connection's calls expire on time; to be called whenever some were written."""
        deadline = self.connection.next_deadline()
        if deadline is not None and deadline < self._wakes_at:
            self.forget_deadline()
            self._wakes_at = deadline
            self._timer = self.home.hub.loop.timer(max(0.0, deadline - self.now()))
            # A hub that has not run for a while has an old time, by which the timer would ring at once.
            self._timer.start(self.home.spawn, self._expire, update=True)

    def forget_deadline(self) -> None:
        """Stop the clock, when nothing waits any more."""
        if self._timer is not None:
            self._timer.close()
        self._timer = None
        self._wakes_at = math.inf

    def _step(self, coroutine: Coroutine[Any, Any, Any], done: Done, _answered: object) -> None:
        try:
            awaited = coroutine.send(None)
            while not isinstance(awaited, RpcPromise):
                awaited = coroutine.throw(
                    RuntimeError(f"on gevent, only promises of calls can be awaited, not {awaited!r}")
                )
        except StopIteration as end:
            done(end.value, None)
        except BaseException as error:  # it belongs to the servant, and is reported as its failure
            if not isinstance(error, Exception) and self.is_stop(error):
                raise
            done(None, error)
        else:
            awaited.add_done_callback(lambda answered: self._step(coroutine, done, answered))

    def _expire(self) -> None:
        now, when = self.now(), self._wakes_at
        self.forget_deadline()
        # The loop's clock may be a tick ahead. A timer that rings earlier than that ends no call.
        self.connection.expire(max(now, when) if when - now < TICK_SECONDS else now)
        self.watch_deadline()


class _Awaited:
    """Gives the promise itself to the driver of the coroutine that awaits it."""

    def __init__(self, promise: RpcPromise[Any]) -> None:
        self._promise = promise

    def __await__(self) -> Generator[RpcPromise[Any], None, None]:
        yield self._promise
