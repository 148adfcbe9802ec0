"""RenewalThread: a native thread that keeps a lease, whatever the holder's own threads do meanwhile.

A blocked hub, an event loop that computes, or a servant in ``time.sleep`` does not cost the lease. Code that keeps
the interpreter's lock for the time of a whole lease does, and so does a frozen process.

Other threads only put what they hold into a queue. The thread collects it for a moment, so that a storm of ten
thousand first connections a second is twenty commands.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from tcelib.lease.keeper import LeaseKeeper
from tcelib.lease.port import NameTakenError, RegistryError

TICK_SECONDS = 0.05
LOOK_SECONDS = 3600.0
"""A step is due sooner; this bounds the wait where none is."""

log = logging.getLogger(__name__)


def steady_clock() -> float:
    """Return seconds that go on while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class _Note(NamedTuple):
    """An item that the holder has from now on, or has no more."""

    what: str
    item: str
    is_held: bool


class RenewalThread:
    """The thread of one keeper, which belongs to it once it is started.

    The keeper's clock must be ``steady_clock``. ``look`` is called on the thread after each step. ``on_end`` is
    called there if the thread ends by itself: with ``NameTakenError`` after another holder has taken the name, with
    any other exception after a fault.
    """

    def __init__(
        self,
        keeper: LeaseKeeper,
        *,
        look: Callable[[], object] = lambda: None,
        on_end: Callable[[BaseException], object] = lambda error: None,
        name: str = "lease-renewal",
    ) -> None:
        self._keeper = keeper
        self._look = look
        self._on_end = on_end
        self._notes: queue.SimpleQueue[_Note | None] = queue.SimpleQueue()
        self._is_decided = threading.Event()
        self._is_stopping = False
        self._refusal: NameTakenError | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_held(self) -> bool:
        """True while the lease cannot have ended. A holder that was frozen reads False before it acts."""
        return self._keeper.is_held

    def start(self, patience: float) -> None:
        """Start the thread. Return when the lease is held or the registry is away, or after ``patience`` seconds.

        The thread goes on trying. Raises ``NameTakenError`` if another holder is known by then to have the name.
        """
        self._thread.start()
        self._is_decided.wait(patience)
        if self._refusal is not None:
            raise self._refusal

    def hold(self, what: str, item: str) -> None:
        """Note that the holder has an item. Any thread; never waits."""
        self._notes.put(_Note(what, item, True))

    def drop(self, what: str, item: str) -> None:
        """Note that the holder has an item no more. Any thread; never waits."""
        self._notes.put(_Note(what, item, False))

    def stop(self, timeout: float) -> bool:
        """Give the lease back and end the thread. Return True if it has ended within ``timeout`` seconds."""
        self._is_stopping = True
        self._notes.put(None)
        if self._thread.ident is not None:
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._is_stopping:
                self._wait(self._step())
            with suppress(RegistryError):  # the lease ends by itself
                self._keeper.leave()
        except NameTakenError as error:
            self._refusal = error
            self._on_end(error)
        except Exception as error:
            log.critical("! the thread of a lease died", exc_info=True)
            self._on_end(error)
        finally:
            self._keeper.leases.close()
            self._is_decided.set()

    def _step(self) -> float:
        pause = self._keeper.step()
        if self._keeper.number or self._keeper.error:
            self._is_decided.set()
        self._look()
        return pause

    def _wait(self, seconds: float) -> None:
        """Wait until a step is due or something is noted, and take what is noted."""
        try:
            notes = [self._notes.get(timeout=min(seconds, LOOK_SECONDS))] if seconds else []
        except queue.Empty:
            return
        if notes and notes[0] is not None:
            time.sleep(TICK_SECONDS)
        with suppress(queue.Empty):
            while True:
                notes.append(self._notes.get_nowait())
        for note in filter(None, notes):
            change = self._keeper.holding.hold if note.is_held else self._keeper.holding.drop
            change(note.what, note.item)
