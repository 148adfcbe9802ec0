"""The contract of every list of revocations: one suite for that in Redis and for its twin."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from rtserver.base.queue.memory_revocations import MemoryRevocations
from rtserver.base.queue.port import QueueAwayError, QueueRefusedError
from rtserver.base.queue.redis_queue import plain_client
from rtserver.base.queue.redis_revocations import RedisRevocations
from rtserver.base.queue.revocation_port import CLOCK_SKEW_SECONDS, RevocationPort

KEY, BEFORE = "{queue:test}:revoked", "{queue:test}:revoked_before"
DAY = 86_400.0
EXPIRED = -CLOCK_SKEW_SECONDS - 1.0
"""A lifetime that has been over for a second."""
EVER = 0.0
Build = Callable[..., RevocationPort]


@pytest.fixture(params=["memory", "redis"])
def build(request: pytest.FixtureRequest) -> Iterator[Build]:
    """Makes ports of one queue; in Redis they see what the others wrote."""
    made: list[RedisRevocations] = []

    def build_redis(**options: Any) -> RevocationPort:
        made.append(RedisRevocations(plain_client(request.getfixturevalue("redis_url")), "queue:test", **options))
        return made[-1]

    yield build_redis if request.param == "redis" else lambda **options: MemoryRevocations(time.time, **options)
    for port in made:
        port.close()


def asked(*credentials: str, made: float = EVER) -> dict[str, float]:
    return dict.fromkeys(credentials, made)


def test_nothing_is_revoked_at_first(build: Build) -> None:
    port = build()
    assert port.revoked(asked("a", "b")) == set()
    assert port.revoked({}) == set()
    port.revoke({})
    assert port.revoked(asked("a")) == set()


def test_what_was_revoked_is_told_from_the_rest(build: Build) -> None:
    port = build()
    port.revoke({"a": DAY, "b": 1.0})
    assert port.revoked(asked("a", "b", "c", "A")) == {"a", "b"}


def test_credentials_of_any_text_and_length_are_taken(build: Build) -> None:
    port = build()
    texts = ("", "ü", "\ud800", "x" * 100_000, "a\0b")
    port.revoke(dict.fromkeys(texts, DAY))
    assert port.revoked(asked(*texts, "x")) == set(texts)


def test_a_revocation_is_forgotten_when_its_credential_has_expired_everywhere(build: Build) -> None:
    port = build()
    port.revoke({"old": EXPIRED, "new": DAY})
    port.revoke({"next": DAY})
    assert port.revoked(asked("old", "new", "next")) == {"new", "next"}


def test_a_second_revocation_never_shortens_the_first(build: Build) -> None:
    port = build()
    port.revoke({"a": DAY})
    port.revoke({"a": EXPIRED})
    port.revoke({"b": DAY})
    assert port.revoked(asked("a")) == {"a"}


def test_too_many_revocations_revoke_whatever_is_as_old(build: Build) -> None:
    port = build(most=3)
    before = time.time() - 10
    port.revoke(dict.fromkeys("abc", DAY))
    assert port.revoked(asked("d", made=before)) == set()
    port.revoke({"d": DAY})
    later = time.time() + 10
    assert port.revoked({**asked("a", "e", made=before), **asked("f", made=later)}) == {"a", "e"}
    port.revoke({"f": DAY})
    assert port.revoked(asked("f", "g", made=later)) == {"f"}


def test_expired_revocations_take_no_room(build: Build) -> None:
    port = build(most=2)
    for letter in "abcdef":
        port.revoke({letter: EXPIRED})
    port.revoke(dict.fromkeys("xy", DAY))
    assert port.revoked(asked("z")) == set()


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def port(redis_url: str) -> Iterator[RedisRevocations]:
    port = RedisRevocations(plain_client(redis_url), "queue:test")
    yield port
    port.close()


def test_another_worker_and_the_next_start_see_the_same(port: RedisRevocations, redis_url: str) -> None:
    port.revoke({"a": DAY})
    other = RedisRevocations(plain_client(redis_url), "queue:test")
    assert other.revoked(asked("a", "b")) == {"a"}
    other.close()


def test_redis_holds_no_credential_and_forgets_the_list_with_its_last(
    port: RedisRevocations, client: redis.Redis
) -> None:
    port.revoke({"a secret": DAY})
    assert b"secret" not in client.dump(KEY)
    assert DAY <= client.ttl(KEY) - CLOCK_SKEW_SECONDS + 2 <= DAY + 4


def test_a_key_of_the_wrong_kind_is_named_and_heals_with_the_next_revocation(
    port: RedisRevocations, client: redis.Redis
) -> None:
    client.rpush(KEY, "garbage")
    with pytest.raises(QueueRefusedError, match="queue:test}:revoked"):
        port.revoked(asked("a"))
    port.revoke({"a": DAY})
    later = time.time() + 10
    assert port.revoked({"a": EVER, "older": EVER, "newer": later}) == {"a", "older"}


def test_a_time_that_is_none_is_named(port: RedisRevocations, client: redis.Redis) -> None:
    client.set(BEFORE, "garbage")
    with pytest.raises(QueueRefusedError, match="revoked_before"):
        port.revoked(asked("a"))


def test_a_redis_that_is_away_says_nothing(free_port: int) -> None:
    port = RedisRevocations(plain_client(f"redis://127.0.0.1:{free_port}/0"), "queue:test")
    with pytest.raises(QueueAwayError):
        port.revoked(asked("a"))
    with pytest.raises(QueueAwayError):
        port.revoke({"a": DAY})
