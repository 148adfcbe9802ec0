"""Waiting for a promise in a thread that is not its connection's: the same for every shell."""

import math
import threading
from collections.abc import Callable
from typing import Any, Protocol

from tcelib.core.promise import RpcPromise

GRACE_SECONDS = 0.05  # for the connection's own thread, whose error names the operation


class Home(Protocol):
    """The part of a transport that this needs."""

    def hand_over(self, work: Callable[[], object], /) -> None:
        """See ``Transport``."""

    def now(self) -> float:
        """See ``Transport``."""


def is_interruption(error: BaseException) -> bool:
    """Return true if Ctrl-C has ended a servant.

    Python raises it in the main thread. Elsewhere it is an exception like any other.
    """
    return isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread()


def wait_in_thread(home: Home, promise: RpcPromise[Any], timeout: float | None) -> None:
    """Block a thread that is not the connection's until the promise is done, ``timeout`` seconds are over, or the
    call's own deadline is: the connection's thread may be too busy to keep it.
    """
    is_done = threading.Event()
    # Added where the connection lives, so that the answer cannot slip past it.
    home.hand_over(lambda: promise.add_done_callback(lambda _: is_done.set()))
    left = math.inf if timeout is None else timeout
    left = min(left, promise.deadline - home.now() + GRACE_SECONDS)
    is_done.wait(None if math.isinf(left) else left)
