"""Damage that no packet may do; the long run is ``python -m tests.tcelib.fuzz``."""

import pytest

from tests.tcelib.fuzz import fuzz


@pytest.mark.parametrize("seed", [1, 2])
def test_mutated_packets_are_answered_refused_dropped_or_end_the_connection(seed: int) -> None:
    outcomes = fuzz(2000, seed)

    assert outcomes["closed"] + outcomes["kept"] == 2000
    assert min(outcomes[kind] for kind in ("closed", "kept", "answered 0", "answered 4", "answered 5")) > 20
