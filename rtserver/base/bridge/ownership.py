"""Ownership of objects by threads: asserted instead of locked (docs/design.md)."""

import threading


class WrongThreadError(RuntimeError):
    """A call from a thread that does not own the object. It is a bug of the caller."""


class ThreadBound:
    """An object of one thread: the one that built it, or the last one that called ``bind_thread``."""

    def __init__(self) -> None:
        self._owner = threading.get_ident()

    def bind_thread(self) -> None:
        """Make the calling thread the owner, for objects that another thread has built."""
        self._owner = threading.get_ident()

    def check_thread(self) -> None:
        """Raise ``WrongThreadError`` unless the calling thread is the owner."""
        if threading.get_ident() != self._owner:
            raise WrongThreadError(f"{type(self).__name__} was called from {threading.current_thread().name!r}")
