"""Inquiries: questions to all workers at once, whose answers are awaited for a moment. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

PATIENCE_SECONDS = 1.5

Answers: TypeAlias = Mapping[int, object]
"""What workers said, by their process ids. Those that were silent are missing."""


@dataclass
class _Inquiry:
    waiting: set[int]
    end: float
    on_done: Callable[[Answers], object]
    answers: dict[int, object] = field(default_factory=dict)


class Inquiries:
    """The questions that are open."""

    def __init__(self) -> None:
        self._open: dict[int, _Inquiry] = {}
        self._last = 0

    def begin(self, pids: Iterable[int], now: float, on_done: Callable[[Answers], object]) -> int:
        """Return the number of a new question to these workers. ``tick`` calls ``on_done``, once."""
        self._last += 1
        self._open[self._last] = _Inquiry(set(pids), now + PATIENCE_SECONDS, on_done)
        return self._last

    def on_answer(self, number: int, pid: int, answer: object) -> None:
        """Note the answer of one worker; one that comes too late is dropped."""
        inquiry = self._open.get(number)
        if inquiry is not None and pid in inquiry.waiting:
            inquiry.waiting.discard(pid)
            inquiry.answers[pid] = answer

    def on_exit(self, pid: int) -> None:
        """Wait no more for a worker that has ended."""
        for inquiry in self._open.values():
            inquiry.waiting.discard(pid)

    def tick(self, now: float) -> None:
        """Hand over what is answered by all, or was waited for long enough."""
        done = [number for number, each in self._open.items() if not each.waiting or now > each.end]
        for number in done:
            inquiry = self._open.pop(number)
            inquiry.on_done(inquiry.answers)
