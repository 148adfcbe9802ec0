"""Distinction of a handler's own failure from the end of the task that awaits it.

The asyncio half of ``containment``. Call it in the coroutine that awaits, inside its ``except BaseException``.
"""

import asyncio


def is_cancelled(error: BaseException) -> bool:
    """Return whether ``error`` ends the awaiting coroutine itself: its task is cancelled, or it is closed.

    A ``CancelledError`` or ``GeneratorExit`` that the handler raised is a failure like any other.
    """
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    # ``close`` raises in the outermost frame, after it has closed what that frame awaits.
    return isinstance(error, GeneratorExit) and (error.__traceback__ is None or error.__traceback__.tb_next is None)
