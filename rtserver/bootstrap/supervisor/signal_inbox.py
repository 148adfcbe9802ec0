"""SignalInbox: signals of the supervisor's process, which wake its loop and are handled there in their order."""

import selectors
import signal
import socket
from collections.abc import Sequence
from contextlib import suppress


class SignalInbox:
    """Inbox of these ``signals``. The main thread opens and closes it; without it they have their usual meaning."""

    def __init__(self, signals: Sequence[signal.Signals], selector: selectors.BaseSelector) -> None:
        self._signals = signals
        self._selector = selector
        self._came: list[int] = []
        self._woken, self._waker = socket.socketpair()
        for end in (self._woken, self._waker):
            end.setblocking(False)

    def open(self) -> None:
        """Take the signals, also those that the program before this one in the process has left waiting."""
        self._selector.register(self._woken, selectors.EVENT_READ, self._empty)
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in self._signals:
            signal.signal(number, lambda number, _: self._came.append(number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._signals)

    def take(self) -> list[int]:
        """Return the signals that have come since the last time."""
        came, self._came = self._came, []
        return came

    def close(self) -> None:
        """Wake the loop no more."""
        signal.set_wakeup_fd(-1)
        self._selector.unregister(self._woken)
        self._woken.close()
        self._waker.close()

    def _empty(self) -> None:
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass
