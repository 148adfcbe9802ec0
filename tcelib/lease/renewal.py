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
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias, TypeVar

from tcelib.lease.keeper import LeaseKeeper
from tcelib.lease.port import LeasePort, NameTakenError, Registration, RegistryError

TICK_SECONDS = 0.05
LOOK_SECONDS = 3600.0
"""A step is due sooner; this bounds the wait where none is."""

T = TypeVar("T")
log = logging.getLogger(__name__)


def steady_clock() -> float:
    """Return seconds that go on while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class _Note(NamedTuple):
    """An item that the holder has from now on, or has no more."""

    what: str
    item: str
    is_held: bool


class _Question(NamedTuple):
    """A question to the registry, and the place for its answer."""

    ask: Callable[[LeasePort], Any]
    answer: Future[Any]


class _Exchange(NamedTuple):
    """Another registration of the holder."""

    registration: Registration


_Work: TypeAlias = _Note | _Question | _Exchange


class RenewalThread:
    """The thread of one keeper, which belongs to it once it is started.

    The keeper's clock must be ``steady_clock``. ``on_end`` is called on the thread if it ends by itself after
    its start: with ``NameTakenError`` when another holder has taken the name, with any other exception after a fault.
    """

    def __init__(
        self,
        keeper: LeaseKeeper,
        *,
        on_end: Callable[[BaseException], object] = lambda error: None,
        name: str = "lease-renewal",
    ) -> None:
        self._keeper = keeper
        self._on_end = on_end
        self._notes: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._is_decided = threading.Event()
        self._is_stopping = False
        self._refusal: NameTakenError | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_held(self) -> bool:
        """True while the lease cannot have ended. A holder that was frozen reads False before it acts."""
        return self._keeper.is_held

    @property
    def number(self) -> int:
        """The fencing number of the lease; 0 before the first and after each that has ended."""
        return self._keeper.number

    @property
    def joins(self) -> int:
        """Number of leases that were taken: the first, and one after each that had ended."""
        return self._keeper.joins

    @property
    def trouble(self) -> str:
        """Text of the last error of the registry; empty while there is none."""
        return str(self._keeper.error or "")

    def start(self, patience: float) -> None:
        """Start the thread. Return when the lease is held or the registry is away, or after ``patience`` seconds.

        The thread goes on trying. Raises ``NameTakenError`` if another holder is known by then to have the name.
        """
        self._thread.start()
        self._is_decided.wait(patience)
        self._is_decided.set()
        if self._refusal is not None:
            raise self._refusal

    def hold(self, what: str, item: str) -> None:
        """Note that the holder has an item. Any thread; never waits."""
        self._notes.put(_Note(what, item, True))

    def drop(self, what: str, item: str) -> None:
        """Note that the holder has an item no more. Any thread; never waits."""
        self._notes.put(_Note(what, item, False))

    def exchange(self, registration: Registration) -> None:
        """Take a lease with another registration in the place of the present one. Any thread; never waits."""
        self._notes.put(_Exchange(registration))

    def ask(self, question: Callable[[LeasePort], T]) -> Future[T]:
        """Return the answer of the registry to ``question``, which is called on the thread, as a future.

        Any thread; never waits. A thread that has ended, or waits for a registry that is silent, does not answer.
        """
        answer: Future[T] = Future()
        self._notes.put(_Question(question, answer))
        return answer

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
            if self._is_decided.is_set():  # else ``start`` raises it
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
        return pause

    def _wait(self, seconds: float) -> None:
        """Wait until a step is due or something is noted, and take what is noted."""
        try:
            notes = [self._notes.get(timeout=min(seconds, LOOK_SECONDS))] if seconds else []
        except queue.Empty:
            return
        if notes and isinstance(notes[0], _Note):
            time.sleep(TICK_SECONDS)
        with suppress(queue.Empty):
            while True:
                notes.append(self._notes.get_nowait())
        for note in notes:
            if note is not None:
                self._take(note)

    def _take(self, note: _Work) -> None:
        leases, holding = self._keeper.leases, self._keeper.holding
        if isinstance(note, _Note):
            (holding.hold if note.is_held else holding.drop)(note.what, note.item)
        elif isinstance(note, _Exchange):
            self._keeper.exchange(note.registration)
        elif note.answer.set_running_or_notify_cancel():
            try:
                note.answer.set_result(note.ask(leases))
            except Exception as error:  # noqa: BLE001 (whoever asked gets it, and the lease goes on)
                note.answer.set_exception(error)
