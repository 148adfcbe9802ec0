"""A server and its clients in a thread of their own, for tests that call them from outside and do not care what kind
they are of.

A rig's thread is the home of all its connections; ``run`` does something there, everything else may be called in the
test's thread.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

import tcelib as tce
from tcelib.transport.option import Options
from tests.tcelib.transport.talk import Talk

T = TypeVar("T")
DEADLINE = 20.0
OPTIONS = Options(call_timeout=DEADLINE)


class Rig(Protocol):
    """``servant`` serves; ``port`` is the server's."""

    servant: Talk
    adapter: tce.RpcCommAdapter
    port: int

    def run(self, work: Callable[[], T]) -> T:
        """Do ``work`` at home; what it gives, or raises."""

    def run_coroutine(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Drive a coroutine at home."""

    def dial(self, port: int = 0, **options: Any) -> tce.RpcConnection:
        """A client's connection to the server, or to another port."""

    def stop_server(self) -> None:
        """Close the servers."""

    def hang_up(self) -> None:
        """Close the clients' connections."""

    def leftovers(self) -> list[object]:
        """The tasks or greenlets at home."""

    def close(self) -> None:
        """End everything."""


class SocketRig(Rig, Protocol):
    """One whose server has a port."""

    def listen(self, **options: Any) -> int:
        """The port of one more server with the same adapter."""
