"""Short runs of the chaos program on real servers. Only counts decide."""

import asyncio
from dataclasses import replace

import pytest

from soak.chaos.fault import FAULTS
from soak.chaos.fault_kind import Fault, fault_named
from soak.chaos.run import Order, run
from soak.chaos.size import Size
from soak.chaos.table import Result, report
from soak.chaos.track import Wrong

SEED = 7


def broken_by(size: Size, *faults: Fault) -> Result:
    """Each of the faults once."""
    order = Order(SEED, seconds=3600.0, faults=faults, size=size, episodes=len(faults), calm=(0.1, 0.3))
    return asyncio.run(run(order, print))


@pytest.mark.soak
def test_nothing_is_lost_doubled_or_reordered_whatever_breaks() -> None:
    faults = [fault_named(FAULTS, name) for name in ("kill servers", "kill redis", "cut clients")]
    options = ("--once-claim-seconds", "5")
    size = Size(servers=2, users=2, visitors=1, rate=20.0, appendfsync="always", options=options)
    result = broken_by(size, *faults)
    assert result.is_good, report(result)
    assert {episode.fault for episode in result.episodes} == {fault.name for fault in faults}
    assert all(episode.sent == episode.delivered > 0 for episode in result.episodes)


@pytest.mark.soak
def test_a_server_that_forgets_what_it_was_sent_before_is_found_out() -> None:
    # A producer that gets no answer for two seconds sends again, and a Redis that wakes up takes both.
    fault = replace(fault_named(FAULTS, "freeze redis"), least=4.0, most=4.0)
    size = Size(servers=1, users=1, pages_each=1, visitors=0, options=("--repeat-seconds", "0"))
    result = broken_by(size, fault)
    assert not result.is_good
    assert {violation.wrong for violation in result.violations} == {Wrong.DOUBLED}
    assert {violation.source for violation in result.violations} >= {"every", "once", "quote:A"}
