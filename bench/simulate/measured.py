"""Measured: all that is known of real servers, as a file of JSON in this folder."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.simulate.run import Run

FILE = Path(__file__).resolve().parent / "measured.json"
SERVERS = {
    "1worker": (1, 1),
    "2workers": (2, 1),
    "4workers": (4, 1),
    "1worker-2shards": (1, 2),
    "2workers-2shards": (2, 2),
}
"""Workers and queues of the pieces that have runs."""
FITTED = ("1worker", "4workers", "1worker-2shards")
"""Pieces that the costs come from. All other pieces with runs are there to check the model by."""


@dataclass
class Measured:
    """``pieces`` have a list of repeats each, and each repeat what ``measuring`` found and ``made_by``."""

    pieces: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @classmethod
    def load(cls, file: Path = FILE) -> "Measured":
        """Return what is in the file; nothing if there is no file."""
        return cls(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else cls()

    def save(self, file: Path = FILE) -> None:
        """Write all of it."""
        file.write_text(json.dumps(self.pieces, indent=1) + "\n", encoding="utf-8")

    def put(self, piece: str, repeat: int, told: dict[str, Any]) -> None:
        """Put a repeat, counted from 1, in the place of the one of before."""
        self.pieces.setdefault(piece, [])[repeat - 1 : repeat] = [told]

    def runs(self, pieces: Iterable[str]) -> list[Run]:
        """Return the runs of pieces, of all repeats."""
        return [
            Run.of_json(run) for piece in pieces for repeat in self.pieces.get(piece, ()) for run in repeat["runs"]
        ]

    def fitted(self) -> list[Run]:
        """Return the runs that costs come from."""
        return self.runs(FITTED)

    def held_out(self) -> list[Run]:
        """Return the runs that no cost comes from."""
        return self.runs(name for name in SERVERS if name not in FITTED)

    @property
    def workers(self) -> list[str]:
        """Return the pieces with one queue and runs."""
        return [name for name in self.pieces if name in SERVERS and "shards" not in name]

    def mean(self, piece: str, name: str) -> float:
        """Return the mean of a number of all repeats of a piece."""
        return self.means(piece)[name]

    def means(self, piece: str) -> dict[str, float]:
        """Return the means of all numbers of a piece."""
        repeats = self.pieces[piece]
        names = [name for name, value in repeats[0].items() if isinstance(value, int | float)]
        return {name: sum(repeat[name] for repeat in repeats) / len(repeats) for name in names}

    def machines(self) -> str:
        """Return on what all of it was measured, and when."""
        made = [repeat["made_by"] for repeats in self.pieces.values() for repeat in repeats]
        machines = sorted({each["machine"] for each in made})
        dates, commits = (", ".join(sorted({each[name] for each in made})) for name in ("date", "commit"))
        return f"{'; '.join(machines)}, on {dates}, at {commits}"


def as_json(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Return runs as ``Measured.runs`` reads them."""
    return [asdict(run) for run in runs]
