"""Limits of one connection's messages, with a clock that the test moves."""

import pytest

from tcelib.limit.connection_rate import ConnectionRate, rates_of


def test_no_limits_are_no_rates() -> None:
    assert rates_of(0, 0) is None


def test_messages_within_the_rate_are_all_taken() -> None:
    rate = ConnectionRate(rates_of(10, 0))
    assert rate.take(0.0, 100) == 100
    assert [rate.take(1.0 + second, 10) for second in range(100)] == [10] * 100


def test_of_a_burst_that_is_too_long_the_beginning_is_taken() -> None:
    rate = ConnectionRate(rates_of(10, 0))
    assert rate.take(0.0, 150) == 100
    assert rate.take(0.0, 1) == 0
    assert rate.take(1.0, 50) == 10


def test_as_many_may_be_refused_as_may_be_taken_and_then_the_patience_ends() -> None:
    rate = ConnectionRate(rates_of(10, 0))
    assert rate.refuse(0.0, 60)
    assert rate.refuse(0.0, 40)
    assert not rate.refuse(0.0, 1)
    assert rate.refuse(1.0, 10)


def test_a_client_that_is_a_little_too_fast_is_refused_a_little_and_never_closed() -> None:
    rate = ConnectionRate(rates_of(10, 0))
    refused = 0
    for tick in range(10_000):  # eleven messages a second
        excess = 1 - rate.take(tick / 11, 1)
        refused += excess
        assert rate.refuse(tick / 11, excess)
    assert 700 < refused < 1000


def test_a_flood_is_closed_however_it_is_cut() -> None:
    for size in (1, 7, 400):
        rate, sent = ConnectionRate(rates_of(10, 0)), 0
        while rate.refuse(0.0, size - rate.take(0.0, size)):
            sent += size
        assert sent <= 200


def test_nothing_costs_nothing() -> None:
    rate = ConnectionRate(rates_of(10, 0))
    rate.take(0.0, 100)
    assert rate.take(0.0, 0) == 0
    assert rate.owe_calls(0.0, 0) == 0.0


def test_calls_are_owed_and_share_what_messages_have() -> None:
    rate = ConnectionRate(rates_of(10, 0))
    assert rate.owe_calls(0.0, 90) == 0.0
    assert rate.take(0.0, 20) == 10
    assert rate.owe_calls(0.0, 5) == pytest.approx(0.5, abs=0.01)


def test_bytes_are_owed() -> None:
    rate = ConnectionRate(rates_of(0, 1000))
    assert rate.owe_bytes(0.0, 10_000) == 0.0
    assert rate.owe_bytes(0.0, 500) == pytest.approx(0.5, abs=0.01)
    assert rate.owe_bytes(20.0, 500) == 0.0


def test_one_limit_without_the_other() -> None:
    assert ConnectionRate(rates_of(10, 0)).owe_bytes(0.0, 10**12) == 0.0
    assert ConnectionRate(rates_of(0, 10)).take(0.0, 10**6) == 10**6
