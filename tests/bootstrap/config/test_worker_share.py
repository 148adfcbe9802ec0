"""Memory of several workers together."""

import pytest

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.limits import history_bytes, memory_bounds
from rtserver.bootstrap.config.worker_share import share_of

GIGABYTE = 1 << 30


def sixteen() -> int:
    return 16 * GIGABYTE


@pytest.mark.parametrize(
    "config",
    [Config(), Config(memory_limit_mb=4_000, outboxes_limit_mb=1_000, history_mb=800), Config(memory_share=0.5)],
)
def test_four_workers_have_together_what_one_server_would_have(config: Config) -> None:
    part = share_of(config, 4, sixteen)
    whole, mine = memory_bounds(config, sixteen), memory_bounds(part, sixteen)
    assert 4 * mine.resident == pytest.approx(whole.resident, rel=0.001)
    assert 4 * mine.outboxes == pytest.approx(whole.outboxes, rel=0.001)
    assert 4 * history_bytes(part, sixteen) == pytest.approx(history_bytes(config, sixteen), rel=0.01)


def test_no_limit_stays_none_and_a_small_one_stays_one() -> None:
    part = share_of(Config(memory_share=0, memory_limit_mb=0, outboxes_limit_mb=3, history_mb=1), 4, sixteen)
    assert (part.memory_share, part.memory_limit_mb, part.outboxes_limit_mb, part.history_mb) == (0, 0, 1, 1)
