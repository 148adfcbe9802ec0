"""Waiting for what nobody announces: ask until it is so, or until patience is at its end."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

PATIENCE_SECONDS = 60.0
"""Far more than anything takes: a machine may be busy, and a thing that happens is not waited for any longer."""
PAUSE_SECONDS = 0.01

Errors: TypeAlias = type[Exception] | tuple[type[Exception], ...]


def pause_thread(seconds: float) -> None:
    """Let the other threads go on."""
    threading.Event().wait(seconds)


def until(
    is_so: Callable[[], object],
    what: str = "",
    seconds: float = PATIENCE_SECONDS,
    *,
    tolerated: Errors = (),
    pause: Callable[[float], object] = pause_thread,
) -> None:
    """Ask again and again. Raises ``AssertionError``, which says ``what`` was to be so, after ``seconds``.

    An error that is ``tolerated`` counts as no. ``pause`` is ``gevent.sleep`` where greenlets of this thread go on
    meanwhile.
    """
    for _ in _turns(is_so, what, seconds, tolerated):
        pause(PAUSE_SECONDS)


async def until_async(is_so: Callable[[], object], what: str = "", seconds: float = PATIENCE_SECONDS) -> None:
    """Ask between the turns of the event loop."""
    for _ in _turns(is_so, what, seconds, ()):
        await asyncio.sleep(0)


def _turns(is_so: Callable[[], object], what: str, seconds: float, tolerated: Errors) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while not _answer(is_so, tolerated):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        yield


def _answer(is_so: Callable[[], object], tolerated: Errors) -> object:
    try:
        return is_so()
    except tolerated:
        return False
