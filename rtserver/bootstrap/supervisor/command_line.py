"""CommandLines: the arguments of the supervisor's children, made of its own. Pure.

An option that is given twice counts the second time: what is a child's own stands last.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class CommandLines:
    """``given`` are the options of the supervisor's own command line.

    ``name`` stands before the position in the names of workers. ``embedded_url`` is the address of the embedded
    Redis; empty if the configuration names one, which may have a password that belongs on no command line.
    """

    given: Sequence[str]
    name: str
    port: int
    embedded_url: str = ""

    def worker(self, position: int) -> list[str]:
        """Return the arguments of a worker: one server, whose name survives its restarts."""
        own = ("--workers", "1", "--reuse-port", "--worker", f"{self.name}/{position}")
        ports = ("--port", str(self.port), "--admin-port", "0")
        return ["serve", *self.given, *own, *ports, "--no-demo-quotes", *self._redis()]

    def demo_feed(self) -> list[str]:
        """Return the arguments of the process that plays the demo's quotes."""
        return ["demo-feed", *self.given, "--workers", "1", *self._redis()]

    def _redis(self) -> list[str]:
        return ["--redis-url", self.embedded_url, "--embedded-redis-port", "0"] if self.embedded_url else []
