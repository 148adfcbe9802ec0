"""A server's /metrics, read again and again beside a measurement: the greatest value of each number meanwhile."""

import threading
import urllib.request
from types import TracebackType
from typing import Self

EVERY_SECONDS = 0.25


def read_metrics(port: int) -> dict[str, float]:
    """The numbers without labels, by their names without ``rtserver_``."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    rows = [line.rpartition(" ") for line in lines if not line.startswith("#") and "{" not in line]
    return {name.removeprefix("rtserver_"): float(value) for name, _, value in rows}


class Watch:
    """Reads while its context lasts. ``most`` has the greatest values, ``last`` those of the end."""

    def __init__(self, port: int) -> None:
        self.most: dict[str, float] = {}
        self.last: dict[str, float] = {}
        self._port = port
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._look()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if error is None:
            self._look()

    def _run(self) -> None:
        while not self._over.wait(EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        self.last = read_metrics(self._port)
        self.most = {name: max(value, self.most.get(name, value)) for name, value in self.last.items()}
