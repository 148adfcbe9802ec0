"""Due times of pings and messages."""

from hypothesis import given
from hypothesis import strategies as st

from rtserver.bench.client.schedule import NS, Schedule


def test_what_is_late_keeps_the_moment_at_which_it_was_due() -> None:
    schedule = Schedule(10, begun_ns=1000)
    stalled_until = 1000 + NS // 4
    taken = [schedule.take(stalled_until) for _ in range(4)]
    assert taken == [1000, 1000 + NS // 10, 1000 + NS // 5, None]


@given(st.floats(0.1, 1e6), st.integers(1, 1000))
def test_a_rate_does_not_drift(rate: float, count: int) -> None:
    schedule = Schedule(rate, 0)
    for _ in range(count):
        assert schedule.take(2**62) is not None
    assert abs(schedule.next_ns - count * NS / rate) <= 1


def test_nothing_is_due_before_its_time() -> None:
    schedule = Schedule(1, begun_ns=50)
    assert schedule.take(49) is None
    assert schedule.take(50) == 50
    assert schedule.take(50 + NS - 1) is None
