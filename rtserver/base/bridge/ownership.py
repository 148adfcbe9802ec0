"""Which thread a class belongs to: asserted, instead of locked (docs/design.md)."""

import threading


class WrongThreadError(RuntimeError):
    """A call from a thread that does not own the object: a bug in the caller, never a matter of luck."""


class ThreadBound:
    """An object of one thread: of the one that built it, until ``bind_thread`` is called on another."""

    def __init__(self) -> None:
        self._owner = threading.get_ident()

    def bind_thread(self) -> None:
        """Make the calling thread the owner. For objects that are built first and handed to their thread then."""
        self._owner = threading.get_ident()

    def check_thread(self) -> None:
        """Raise ``WrongThreadError`` unless the calling thread is the owner."""
        if threading.get_ident() != self._owner:
            raise WrongThreadError(f"{type(self).__name__} was called from {threading.current_thread().name!r}")
