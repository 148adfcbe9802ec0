"""A line a second while a measurement runs: in place on a terminal, one below the other in a log."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

from rtserver.base.wire.printable import printable

INTERVAL = 1.0


class Progress:
    """Writes to ``stream``, stderr by default: the standard output is the report's alone."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._is_terminal = self._stream.isatty()
        self._clock = clock
        self._next = clock() + INTERVAL
        self._is_dirty = False

    def maybe_say(self, make: Callable[[], str]) -> None:
        """Write the line that ``make`` gives, if the last one is a second old."""
        now = self._clock()
        if now < self._next:
            return
        self._next = now + INTERVAL
        self._write(make(), stays=not self._is_terminal)

    def say(self, text: str) -> None:
        """Write a line that stays."""
        self._write(text, stays=True)

    def end(self) -> None:
        """Leave the last line as it is."""
        if self._is_dirty:
            self._stream.write("\n")
            self._is_dirty = False

    def _write(self, text: str, *, stays: bool) -> None:
        text = printable(text)  # a server that is measured may have said it
        # Back to the beginning of the line, and clear what is on it (ECMA-48: CR, EL).
        self._stream.write(("\r\x1b[K" if self._is_terminal else "") + text + ("\n" if stays else ""))
        self._stream.flush()
        self._is_dirty = not stays
