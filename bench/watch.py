"""Numbers read again and again beside a measurement, in a thread of their own: those of a server's /metrics."""

import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY_SECONDS = 0.25


@contextmanager
def repeated(work: Callable[[], object], seconds: float) -> Iterator[None]:
    """``work`` is called with pauses of so long meanwhile."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(seconds):
            work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def read_metrics(port: int) -> dict[str, float]:
    """The numbers without labels, by their names without ``rtserver_``."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    rows = [line.rpartition(" ") for line in lines if not line.startswith("#") and "{" not in line]
    return {name.removeprefix("rtserver_"): float(value) for name, _, value in rows}


@contextmanager
def greatest_metrics(port: int) -> Iterator[dict[str, float]]:
    """The greatest value of each number from the beginning of the context to its end."""
    most: dict[str, float] = {}

    def look() -> None:
        for name, value in read_metrics(port).items():
            most[name] = max(value, most.get(name, value))

    look()
    with repeated(look, EVERY_SECONDS):
        yield most
    look()
