"""Sockets of a parent process, which its child lets go of.

A socket that was open at a ``fork`` belongs to two processes, and each would take the other's answers. So the child
lets go of it, in a way that neither the parent nor the peer notices: the descriptor is closed, nothing is shut down
and nothing is said. An object that opens sockets
registers here, and forgets them in each child before ``fork`` returns.
"""

import logging
import os
from typing import Protocol
from weakref import WeakSet

log = logging.getLogger("tce.transport")


class Forgetful(Protocol):
    """Somebody with sockets."""

    def forget(self) -> None:
        """Let go of the parent's sockets, in the one thread of a child, without a word to the peers."""


_known: "WeakSet[Forgetful]" = WeakSet()


def forget_in_children(somebody: Forgetful) -> None:
    """Let ``somebody`` forget in each child from now on. It is not kept."""
    if not _known:
        _register()
    _known.add(somebody)


def drop_descriptor(descriptor: int) -> None:
    """Close this process's share of a descriptor. Its number stays taken, as others hold it and may close it."""
    if descriptor < 0:
        return
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, descriptor, inheritable=False)
    os.close(nothing)


_is_registered = False


def _register() -> None:
    global _is_registered  # noqa: PLW0603  a process has one list of what to do at a fork
    if not _is_registered and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget)
        _is_registered = True


def _forget() -> None:
    for somebody in tuple(_known):
        try:
            somebody.forget()
        except Exception:
            log.exception("! something of the parent process is still open")
