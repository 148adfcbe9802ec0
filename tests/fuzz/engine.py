"""Tries one input after the other on a target, and says which one it does not stand.

An input is a finding if something escapes, if it takes longer than the target allows, or if it makes the process grow
by more memory than any input should need.
"""

import resource
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.coverage import Coverage
from tests.fuzz.mutation import Mutator
from tests.fuzz.target import Target, TryOne

MOST_GROWTH = 64 << 20
KIBIBYTE = 1024  # ru_maxrss counts in them


class TooSlowError(BaseException):
    """One input took more CPU time than its target allows. No ``except Exception`` may swallow it."""


class TooBigError(Exception):
    """One input made the process grow by too much."""


class FindingError(Exception):
    """The input ``data`` did what none may do; the cause is what came out."""

    def __init__(self, target: str, data: bytes) -> None:
        super().__init__(target, data)
        self.target = target
        self.data = data

    def __str__(self) -> str:
        return f"{self.target} does not stand {self.data!r}"


@dataclass
class Outcome:
    """The outcome of a run. ``corpus`` has the seeds, and what took a new step in a guided run."""

    corpus: list[bytes]
    tried: int = 0
    steps: int = field(default=0)


def fuzz(target: Target, directory: Path, *, until: Callable[[int], bool], seed: int, is_guided: bool) -> Outcome:
    """Try inputs ``until(tried)``, the seeds first. Raises ``FindingError``.

    One ``seed`` leads to one series of inputs; a guided run keeps what takes it further, and is ten times slower.
    Belongs to the main thread, because of the alarm clock.
    """
    try_one = target.make(directory)
    mutator = Mutator(seed, target.words, target.max_bytes)
    outcome = Outcome(list(target.seeds))
    coverage = Coverage() if is_guided else None
    with alarm_clock():
        while not until(outcome.tried):
            is_seed = outcome.tried < len(target.seeds)
            data = target.seeds[outcome.tried] if is_seed else mutator.mutate(outcome.corpus)
            _try(target, try_one, data, coverage or nullcontext())
            outcome.tried += 1
            if coverage is not None and coverage.is_news and not is_seed:
                outcome.corpus.append(data)
    outcome.steps = len(coverage.steps) if coverage is not None else 0
    return outcome


def for_seconds(seconds: float) -> Callable[[int], bool]:
    """To be passed as ``until``."""
    end = time.monotonic() + seconds
    return lambda _tried: time.monotonic() >= end


def for_inputs(count: int) -> Callable[[int], bool]:
    """To be passed as ``until``."""
    return lambda tried: tried >= count


def _try(target: Target, try_one: TryOne, data: bytes, watching: AbstractContextManager[Any]) -> None:
    before = peak_bytes()
    signal.setitimer(signal.ITIMER_VIRTUAL, target.seconds)
    try:
        with watching:
            try_one(data)
        if peak_bytes() - before > MOST_GROWTH:
            raise TooBigError(f"{(peak_bytes() - before) >> 20} MiB")
    except (Exception, TooSlowError) as error:
        raise FindingError(target.name, data) from error
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def peak_bytes() -> int:
    """The most memory that the process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIBIBYTE


@contextmanager
def alarm_clock() -> Iterator[None]:
    """CPU time, so that a busy machine finds nothing: the regular expressions of Python hear the alarm, too."""
    before = signal.signal(signal.SIGVTALRM, _on_alarm)
    try:
        yield
    finally:
        signal.signal(signal.SIGVTALRM, before)


def _on_alarm(_number: int, _frame: FrameType | None) -> None:
    raise TooSlowError
