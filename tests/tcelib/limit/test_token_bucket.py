"""Token buckets: how much at once, how much in the long run, and how many buckets."""

import pytest

from tcelib.limit.token_bucket import BURST_SECONDS, TokenBucket, TokenBucketTable, rate_of


def test_ten_seconds_worth_may_be_taken_at_once_and_no_more() -> None:
    bucket = TokenBucket(rate_of(7))
    assert sum(bucket.take(1000.0) for _ in range(1000)) == 7 * BURST_SECONDS


def test_in_the_long_run_it_is_the_rate() -> None:
    bucket = TokenBucket(rate_of(5))
    taken = sum(bucket.take(1000.0 + tick / 100) for tick in range(100 * 100))  # a hundred attempts a second
    assert taken == pytest.approx(5 * BURST_SECONDS + 5 * 100, abs=1)


def test_it_fills_again_and_never_over() -> None:
    bucket = TokenBucket(rate_of(1))
    assert bucket.take(1000.0, 10)
    assert not bucket.take(1000.5)
    assert bucket.take(1001.0)
    assert not bucket.take(5000.0, 11)
    assert bucket.take(5000.0, 10)


def test_all_or_none_takes_none() -> None:
    bucket = TokenBucket(rate_of(1))
    assert not bucket.take(0.0, 11)
    assert bucket.take(0.0, 10)


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (1, 1), (10, 10), (11, 10), (5000, 10)])
def test_some_are_as_many_as_there_are(asked: int, given: int) -> None:
    bucket = TokenBucket(rate_of(1))
    assert bucket.take_some(1000.0, asked) == given
    assert bucket.take_some(1000.0, 100) == 10 - given


def test_who_owes_is_told_how_long() -> None:
    bucket = TokenBucket(rate_of(10))
    assert bucket.owe(0.0, 100) == 0.0
    assert bucket.owe(0.0, 5) == pytest.approx(0.5, abs=0.01)
    assert bucket.owe(0.5, 1) == pytest.approx(0.1, abs=0.01)
    assert bucket.owe(100.0, 1) == 0.0


def test_how_long_to_wait_is_told() -> None:
    bucket = TokenBucket(rate_of(2))
    assert bucket.wait(0.0) == 0.0
    bucket.take(0.0, 20)
    assert bucket.wait(0.0) == pytest.approx(0.5, abs=0.01)
    assert bucket.take(0.5)


def test_a_rate_of_zero_is_no_limit() -> None:
    bucket = TokenBucket(rate_of(0))
    assert bucket.take(0.0, 10**9)
    assert bucket.take_some(0.0, 10**9) == 10**9
    assert bucket.owe(0.0, 10**9) == 0.0
    assert bucket.wait(0.0) == 0.0


def test_a_rate_of_less_than_one_in_ten_seconds_still_gives_one() -> None:
    bucket = TokenBucket(rate_of(0.01))
    assert bucket.take(0.0)
    assert not bucket.take(99.0)
    assert bucket.take(100.0)


def test_each_key_has_its_own_bucket() -> None:
    table = TokenBucketTable(rate_of(1))
    assert table.of("a", 0.0).take(0.0, 10)
    assert not table.of("a", 0.0).take(0.0)
    assert table.of("b", 0.0).take(0.0, 10)


def test_a_bucket_is_not_forgotten_before_it_is_full_again() -> None:
    table = TokenBucketTable(rate_of(1))
    table.of("first", 0.0)
    assert table.of("a", 9.0).take(9.0, 10)
    for second in range(10, 19):
        table.of(f"other {second}", float(second))
        assert not table.of("a", float(second)).take(float(second), 10)
    assert table.of("a", 30.0).take(30.0, 10)


def test_what_is_full_is_forgotten() -> None:
    table = TokenBucketTable(rate_of(1))
    for second in range(1000):
        table.of(second, float(second)).take(float(second))
    assert len(table) < 30


def test_an_attacker_with_a_million_keys_fills_no_memory() -> None:
    table = TokenBucketTable(rate_of(1), length=100)
    for number in range(10_000):
        table.of(number, 0.0).take(0.0)
        assert len(table) <= 200


def test_a_key_that_comes_again_and_again_survives_a_flood_of_others() -> None:
    table = TokenBucketTable(rate_of(1), length=100)
    assert table.of("a", 0.0).take(0.0, 10)
    for number in range(10_000):
        table.of(number, 0.0)
        assert not table.of("a", 0.0).take(0.0)
