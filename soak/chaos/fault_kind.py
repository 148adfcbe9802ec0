"""Kinds of faults of a run, and how its command line names them."""

import argparse
import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Break = Callable[[Any, float, Any], Awaitable[None]]
"""Gets the stage, seconds, and chances (``random.Random``)."""
T = TypeVar("T")


def always(_size: Any) -> bool:
    """Fit every run."""
    return True


@dataclass(frozen=True)
class Fault:
    """``least`` and ``most``: seconds that it lasts. ``fits`` tells whether there is something for it to break."""

    name: str
    least: float
    most: float
    break_it: Break
    told: str
    fits: Callable[[Any], bool] = always


def fault_named(faults: Sequence[Fault], name: str) -> Fault:
    """By its name, with dashes or spaces. Raises ``KeyError``."""
    return {_plain(fault.name): fault for fault in faults}[_plain(name)]


def add_only(parser: argparse.ArgumentParser, faults: Sequence[Fault]) -> None:
    """Add the option ``--only``, and all faults to the help."""

    def named(name: str) -> Fault:
        try:
            return fault_named(faults, name)
        except KeyError:
            names = ", ".join(fault.name for fault in faults)
            raise argparse.ArgumentTypeError(f"{name!r} is none of {names}") from None

    told = "\n".join(f"  {fault.name:18} {fault.told}" for fault in faults)
    parser.epilog = f"faults:\n{told}"
    parser.add_argument("--only", type=named, action="append", metavar="FAULT", help="this fault; may be repeated")


def run_to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Run what a command does. Whatever ends it, SIGINT and SIGTERM too, what it has started ends with it.

    Raises ``asyncio.CancelledError`` after a signal.
    """

    async def run() -> T:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        return await work

    return asyncio.run(run())


def _plain(name: str) -> str:
    return name.replace("_", " ").replace("-", " ").lower()
