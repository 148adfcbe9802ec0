"""Waiting for a promise in a thread that is not its connection's: the same for every shell."""

import threading
from collections.abc import Callable
from typing import Any

from tcelib.core.promise import RpcPromise


def wait_in_thread(
    hand_over: Callable[[Callable[[], object]], object], promise: RpcPromise[Any], timeout: float | None
) -> None:
    """Block a thread that is not the connection's until the promise is done or ``timeout`` seconds are over.

    ``hand_over`` is the transport's. It is where the callback is added, so that the answer cannot slip past it.
    """
    is_done = threading.Event()
    hand_over(lambda: promise.add_done_callback(lambda _: is_done.set()))
    is_done.wait(timeout)
