"""Guard of the event loop: errors that no code has caught are logged, and some end the process.

Decides which. A callback that fails has failed once, and the next one is called as ever. A task or a chain of
callbacks that is meant to go on for as long as the process does is another matter: without it the rest only looks
alive, and a supervisor should start the process again.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping

log = logging.getLogger(__name__)

VITAL = "is_vital"
"""Key in the context of the loop's exception handler. True: the server cannot go on without what has failed."""


class LoopGuard:
    """Guard of one event loop. ``on_failure`` is called on its thread, and ends the process.

    ``errors`` counts the errors that came here.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, on_failure: Callable[[BaseException], object]) -> None:
        self._loop = loop
        self._on_failure = on_failure
        self._tasks: set[asyncio.Task[None]] = set()
        self.errors = 0
        loop.set_exception_handler(self._on_error)

    def run(self, coroutine: Coroutine[object, object, None]) -> None:
        """Run a coroutine that goes on as long as the process does. Its end before ``cancel`` is a failure."""
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._on_end)

    def cancel(self) -> None:
        """Cancel the tasks: the process ends."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()

    def _on_end(self, task: asyncio.Task[None]) -> None:
        error = error_of(task)
        if task not in self._tasks:
            if not isinstance(error, asyncio.CancelledError | None):
                log.error("! a task failed while the server went down", exc_info=error)
            return
        self._tasks.discard(task)
        self.errors += 1
        log.critical("! a task of the websocket thread has ended: %s", task.get_coro(), exc_info=error)
        self._on_failure(error or RuntimeError(f"{task.get_coro()} ended"))

    def _on_error(self, loop: asyncio.AbstractEventLoop, context: Mapping[str, object]) -> None:
        self.errors += 1
        raised, message = context.get("exception"), str(context.get("message"))
        error = raised if isinstance(raised, BaseException) else None
        level = logging.CRITICAL if context.get(VITAL) else logging.ERROR
        log.log(level, "! on the event loop: %s", message, exc_info=error)
        if context.get(VITAL):
            self._on_failure(error or RuntimeError(message))


def error_of(task: asyncio.Task[None]) -> BaseException | None:
    """Return the error that a task has ended with, its cancellation included, with the traceback."""
    try:
        task.result()
    except BaseException as error:  # noqa: BLE001 (the caller asks for it)
        return error
    return None
