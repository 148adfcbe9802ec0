"""Names of the limits."""

from rtserver.base.limit.table import Limit
from tcelib.limit.table import DoorLimit, LimitCounts


def test_limits_have_the_same_names_everywhere() -> None:
    assert set(map(str, DoorLimit)) - set(map(str, Limit)) == {"connections"}  # which a server's open files bound


def test_every_limit_is_counted_from_the_start() -> None:
    assert set(LimitCounts(Limit).counts) == set(map(str, Limit))
