"""MemoryWork: the twin of ``RedisWork``, for tests. Never the product's answer. Single-threaded."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from rtserver.base.queue.port import DeadLetter, Entry
from rtserver.base.queue.work_port import Work


@dataclass
class _Piece:
    entry: Entry
    worker: str = ""
    tries: int = 0
    said_at: float = 0.0


class MemoryWork:
    """See ``WorkPort``. ``entries`` returns all entries that were ever kept, ``bury`` adds a dead letter."""

    def __init__(
        self,
        entries: Callable[[], list[Entry]],
        bury: Callable[[list[DeadLetter]], object],
        *,
        now: Callable[[], float],
        wait: Callable[[Callable[[], bool], float], object],
    ) -> None:
        self._entries = entries
        self._bury = bury
        self._now = now
        self._wait = wait
        self._known: set[str] = set()
        self._pieces: dict[str, _Piece] = {}

    def take(self, worker: str, timeout: float) -> Work | None:
        """See ``WorkPort``."""
        self._wait(lambda: any(not piece.tries for piece in self._look().values()), timeout)
        free = [piece for piece in self._look().values() if not piece.tries]
        return self._begin(free[0], worker) if free else None

    def claim(self, worker: str, silence: float) -> Work | None:
        """See ``WorkPort``."""
        silent = [p for p in self._look().values() if p.worker and self._now() - p.said_at >= silence]
        return self._begin(silent[0], worker) if silent else None

    def again(self, worker: str, work_id: str) -> Work | None:
        """See ``WorkPort``."""
        return self._begin(self._pieces[work_id], worker) if self._held(worker, [work_id]) else None

    def held(self, worker: str, count: int) -> list[str]:
        """See ``WorkPort``."""
        return [piece.entry.id for piece in self._look().values() if piece.worker == worker][:count]

    def renew(self, worker: str, work_ids: Collection[str]) -> set[str]:
        """See ``WorkPort``."""
        held = self._held(worker, work_ids)
        for piece in held:
            piece.said_at = self._now()
        return {piece.entry.id for piece in held}

    def release(self, worker: str, work_ids: Collection[str]) -> None:
        """See ``WorkPort``."""
        for piece in self._held(worker, work_ids):
            piece.said_at = float("-inf")
            piece.tries -= 1

    def finish(self, work_id: str) -> bool:
        """See ``WorkPort``."""
        return self._pieces.pop(work_id, None) is not None

    def bury(self, work_id: str, letter: DeadLetter) -> bool:
        """See ``WorkPort``."""
        is_there = self.finish(work_id)
        if is_there:
            self._bury([letter])
        return is_there

    def tidy(self, silence: float) -> None:
        """See ``WorkPort``. No names are kept."""

    def waiting(self) -> int:
        """See ``WorkPort``."""
        return len(self._look())

    def _look(self) -> dict[str, _Piece]:
        for entry in self._entries():
            if entry.id not in self._known:
                self._known.add(entry.id)
                self._pieces[entry.id] = _Piece(entry)
        return self._pieces

    def _begin(self, piece: _Piece, worker: str) -> Work:
        piece.worker, piece.said_at = worker, self._now()
        piece.tries += 1
        return Work(piece.entry.id, piece.entry.raw, piece.tries)

    def _held(self, worker: str, work_ids: Collection[str]) -> list[_Piece]:
        return [self._pieces[i] for i in work_ids if i in self._pieces and self._pieces[i].worker == worker]
