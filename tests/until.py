"""Waiting for what nobody announces: ask until it is so, or until patience is at its end."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator

PATIENCE_SECONDS = 60.0
"""Far more than anything takes: a machine may be busy, and a thing that happens is not waited for any longer."""
PAUSE_SECONDS = 0.01


def until(is_so: Callable[[], object], what: str = "", seconds: float = PATIENCE_SECONDS) -> None:
    """Ask again and again. Raises ``AssertionError``, which says ``what`` was to be so, after ``seconds``."""
    for _ in _turns(is_so, what, seconds):
        threading.Event().wait(PAUSE_SECONDS)


async def until_async(is_so: Callable[[], object], what: str = "", seconds: float = PATIENCE_SECONDS) -> None:
    """Ask between the turns of the event loop."""
    for _ in _turns(is_so, what, seconds):
        await asyncio.sleep(0)


def _turns(is_so: Callable[[], object], what: str, seconds: float) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        yield
