"""Limits of one user, with a clock that the test moves."""

import pytest

from rtserver.base.wire.client_message import BadMessage
from rtserver.user.user_limits import UserBounds, UserLimits
from tcelib.limit.too_many import TooMany


def met(limits: UserLimits) -> dict[str, int]:
    return {limit: count for limit, count in limits.counted.counts.items() if count}


def test_without_bounds_everything_is_allowed() -> None:
    limits = UserLimits()
    for _ in range(10_000):
        limits.connections.add("7")
        limits.charts.add("7")
        limits.check_connections("7")
        limits.check_charts("7", 0, 64)
        limits.check_picture("7")
    assert met(limits) == {}


def test_so_many_connections_are_the_limit() -> None:
    limits = UserLimits(UserBounds(connections=3))
    for _ in range(3):
        limits.check_connections("7")
        limits.connections.add("7")
    with pytest.raises(TooMany) as caught:
        limits.check_connections("7")
    limits.check_connections("8")
    assert (caught.value.limit, caught.value.retry_seconds) == ("connections_per_user", 30)
    assert met(limits) == {"connections_per_user": 1}


def test_so_many_charts_are_the_limit() -> None:
    limits = UserLimits(UserBounds(charts=3))
    for _ in range(3):
        limits.check_charts("7", 0, 64)
        limits.charts.add("7")
    with pytest.raises(BadMessage) as caught:
        limits.check_charts("7", 0, 64)
    assert caught.value.code == "rate_limited"
    assert met(limits) == {"charts_per_user": 1}


def test_so_many_pictures_a_second_are_the_limit_for_each_user() -> None:
    now = 50.0
    limits = UserLimits(UserBounds(pictures=2), clock=lambda: now)
    for _ in range(20):
        limits.check_picture("7")
    with pytest.raises(BadMessage) as caught:
        limits.check_picture("7")
    assert caught.value.code == "rate_limited"
    limits.check_picture("8")
    now += 0.5
    limits.check_picture("7")
    assert met(limits) == {"pictures_per_user": 1}
