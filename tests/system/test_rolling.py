"""A small play of the benchmark that has one server follow the other; what counts are counts."""

import pytest

from soak.rolling import play

CLIENTS = 100


@pytest.mark.parametrize(
    "is_restart", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["side by side", "one after the other"]
)
def test_nobody_misses_a_message_while_one_server_follows_the_other(is_restart: bool) -> None:
    report = play(CLIENTS, window=2.0, rate=20.0, is_restart=is_restart)
    assert (report.lost, report.doubled, report.out_of_order, report.resume_lost) == (0, 0, 0, 0), report
    assert report.exit_code == 0
    assert report.messages > 0
    if not is_restart:
        assert report.failures == {}
        assert report.returns == CLIENTS, "each came back once"
