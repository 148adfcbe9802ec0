"""An asyncio loop as the place where connections live: its clock, its ways of waiting, its tasks.

Decides how a promise is waited for: ``await`` in the loop, ``get`` in other threads, and never by blocking the loop.
"""

import asyncio
import math
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from tcelib.core.connection import RpcConnection
from tcelib.core.port import Done
from tcelib.core.promise import RpcPromise
from tcelib.fork import forget_in_children
from tcelib.transport.option import READ_BYTES, Options
from tcelib.transport.waiting import is_interruption, wait_in_thread

OF_THE_PARENT = "its loop is that of the parent process: dial anew in the child"


class LoopHome:
    """The running loop. ``buffer`` is what its sockets are read into, one after the other."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.thread = threading.get_ident()
        self.buffer = memoryview(bytearray(READ_BYTES))
        self._tasks: set[asyncio.Task[Any]] = set()
        forget_in_children(self)

    def forget(self) -> None:
        """See ``tcelib.fork``: the loop is the parent's. A call from any thread of the child fails at once."""
        self.thread = threading.get_ident()

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Return a task that is kept until it ends: a loop may forget a task without another reference."""
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def cancel_tasks(self) -> None:
        """Cancel what was spawned, and wait until it has ended."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class LoopShell:
    """The part of a transport that its socket has no part in (``tcelib.core.port.Transport``).

    The maker of both sets ``connection``.
    """

    connection: RpcConnection

    def __init__(self, home: LoopHome, options: Options) -> None:
        self.home = home
        self.options = options
        self.may_compress = options.may_compress
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_at = math.inf

    def is_mine(self) -> bool:
        """See ``Transport``."""
        return threading.get_ident() == self.home.thread

    def hand_over(self, work: Callable[[], object], /) -> None:
        """See ``Transport``."""
        self.home.loop.call_soon_threadsafe(work)

    def call_soon(self, work: Callable[[], object], /) -> bool:
        """See ``Transport``. A loop that has stopped calls nothing."""
        if self.home.loop.is_running():
            self.home.loop.call_soon(work)
            return True
        return False

    def make_room(self, timeout: float, /) -> None:
        """See ``Transport``: nobody waits."""

    def until_open(self, timeout: float, /) -> None:
        """See ``Transport``: nobody waits."""

    def wait(self, promise: RpcPromise[Any], timeout: float | None, /) -> None:
        """Block a thread that is not the loop's. Raises ``RuntimeError`` in the one that is."""
        if self.is_mine():
            raise RuntimeError("waiting would stop the loop that brings the answer: use `await prx.echo_async(...)`")
        wait_in_thread(self, promise, timeout)

    def future(self, promise: RpcPromise[Any], /) -> Awaitable[object]:
        """Return an object that a task of this loop awaits. Raises ``RuntimeError`` in another thread."""
        if not self.is_mine():
            raise RuntimeError("a promise is awaited in its connection's loop; in another thread use get()")
        future: asyncio.Future[None] = self.home.loop.create_future()

        def finish(_: RpcPromise[Any]) -> None:
            if not future.done():  # the task that awaited it may have been cancelled
                future.set_result(None)

        promise.add_done_callback(finish)
        return future

    def is_stop(self, error: BaseException, /) -> bool:
        """The interruption of the program: a servant that is no coroutine runs in nobody's task."""
        return is_interruption(error)

    def run(self, coroutine: Coroutine[Any, Any, Any], done: Done, /) -> None:
        """A task for the coroutine. It goes on when the connection is lost, and is cancelled with its server."""
        self.home.spawn(_contained(coroutine)).add_done_callback(lambda task: _tell(task, done))

    def now(self) -> float:
        """The loop's clock."""
        return self.home.loop.time()

    def watch_deadline(self) -> None:
        """Let the connection's calls expire on time; to be called whenever some were written."""
        deadline = self.connection.next_deadline()
        if deadline is not None and deadline < self._wakes_at:
            self.forget_deadline()
            self._wakes_at = deadline
            self._timer = self.home.loop.call_at(deadline, self._expire)

    def forget_deadline(self) -> None:
        """Stop the clock, when nothing waits any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._wakes_at = math.inf

    def _expire(self) -> None:
        when = self._wakes_at
        self.forget_deadline()
        self.connection.expire(max(self.now(), when))  # the loop fires a tick of its clock early
        self.watch_deadline()


async def _contained(coroutine: Coroutine[Any, Any, Any]) -> tuple[Any, BaseException | None]:
    """The result and None, or None and what was raised: a task that raises ``SystemExit`` would end the loop."""
    try:
        return await coroutine, None
    except BaseException as error:
        if is_interruption(error):
            raise
        task = asyncio.current_task()
        if isinstance(error, GeneratorExit) or (task is not None and task.cancelling()):
            raise
        return None, error


def _tell(task: asyncio.Task[Any], done: Done) -> None:
    if task.cancelled():
        done(None, RuntimeError("the server stopped while its servant ran"))
    elif (error := task.exception()) is not None:
        done(None, error)
    else:
        done(*task.result())
