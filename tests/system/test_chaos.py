"""A short run of the chaos program on real servers: nothing is lost, doubled or out of order. Only counts decide."""

import asyncio

from bench.chaos.fault import fault_named
from bench.chaos.run import Order, run
from bench.chaos.size import Size
from bench.chaos.table import report

FAULTS = ("kill servers", "kill redis", "cut clients")
SEED = 7


def test_nothing_is_lost_doubled_or_reordered_whatever_breaks() -> None:
    faults = tuple(map(fault_named, FAULTS))
    options = ("--once-claim-seconds", "5")
    size = Size(workers=2, users=2, visitors=1, rate=20.0, appendfsync="always", options=options)
    order = Order(SEED, seconds=3600.0, faults=faults, size=size, episodes=len(faults), calm=(0.1, 0.3))
    result = asyncio.run(run(order, print))
    assert result.is_good, report(result)
    assert {episode.fault for episode in result.episodes} == set(FAULTS)
    assert all(episode.sent == episode.delivered > 0 for episode in result.episodes)
