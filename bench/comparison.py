"""The same work for one peer after the other, and how big the work is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from bench.peers.running import RunningPeer, started
from bench.peers.table import BARE, C_FLOOR, CENTRIFUGO_HTTP, PRODUCT, TORNADO, UWEBSOCKETS, Peer
from rtserver.bench.client.error import BenchError

Numbers: TypeAlias = dict[str, Any]
MOST_STEPS = 16
QUICK = {peer.server for peer in (BARE, PRODUCT, UWEBSOCKETS, TORNADO, C_FLOOR, CENTRIFUGO_HTTP)}


@dataclass(frozen=True)
class Scale:
    """Size of a run: a full one's numbers are worth comparing, a quick one's show that all of it works."""

    is_quick: bool

    @property
    def seconds(self) -> float:
        """Duration of one measurement."""
        return 0.4 if self.is_quick else 0.8

    def pick(self, full: int, quick: int) -> int:
        """A size."""
        return quick if self.is_quick else full

    def rates(self, first: float) -> list[float]:
        """Return rates from well below what the slowest peer can do up to saturation; quickly, a few big ones."""
        begin, factor = (4 * first, 16) if self.is_quick else (first, 2)
        return [begin * factor**step for step in range(MOST_STEPS)]

    def peers(self, peers: Sequence[Peer]) -> list[Peer]:
        """Those that take part."""
        return [peer for peer in peers if not self.is_quick or peer.server in QUICK]


def compare(peers: Sequence[Peer], measure: Callable[[RunningPeer], Numbers]) -> Numbers:
    """Return by name what ``measure`` finds for each peer; ``{"missing": why}`` where it cannot be measured."""
    rows: Numbers = {}
    for peer in peers:
        print(f"  {peer.name} ...", flush=True)
        try:
            with started(peer) as running:
                rows[peer.name] = measure(running)
        except BenchError as error:
            rows[peer.name] = {"missing": str(error)}
    return rows
