"""A short play of the regions: 40 ms away from the core, cut and mended; what counts are counts."""

import pytest

from soak.regions.play import play


@pytest.mark.soak
def test_pages_in_two_regions_miss_nothing_while_the_way_to_the_core_is_cut_and_mended() -> None:
    report = play(clients=2, rate=20.0, seconds=1.0, delay=0.04, rounds=1, waits_for_return=False)
    assert (report.lost, report.repeated, report.out_of_order, report.resume_lost) == (0, 0, 0, 0), report
    assert report.bus_lost == 0, "a replica that lags is no loss"
    assert report.failures == 0, "pages stay connected"
    assert report.messages > 0
