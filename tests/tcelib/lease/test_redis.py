"""Traits of the registry in Redis alone: its keys, its size, its commands, and what others write there."""

from collections.abc import Iterator

import pytest
import redis

from tcelib.lease.port import SLICE, NameTakenError, Registration, RegistryAwayError, RegistryRefusedError
from tcelib.lease.redis import KEYS, RedisLeases
from tcelib.lease.watcher import Watcher
from tcelib.redis.redis_connection import plain_client

WORKER = Registration("worker", "a", holds=("user",))
TEN = 10.0


@pytest.fixture
def other(redis_url: str) -> Iterator[redis.Redis]:
    """Another program on the same Redis."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def leases(redis_url: str) -> Iterator[RedisLeases]:
    """An empty registry."""
    with plain_client(redis_url) as client:
        yield RedisLeases(client, "queue:test")


def test_all_keys_share_a_hash_tag_and_what_is_buried_leaves_none(leases: RedisLeases, other: redis.Redis) -> None:
    number = leases.join(WORKER, TEN)
    leases.hold(number, "user", ["1"])
    leases.renew(number, TEN, {"connections": 1})
    names = {name.decode() for name in other.scan_iter()}
    assert all(name.startswith("{queue:test}:") for name in names)
    assert f"{{queue:test}}:held:{number}:user" in names
    leases.leave(number)
    while leases.bury():
        pass
    left = {name.decode().removeprefix("{queue:test}:") for name in other.scan_iter()}
    assert left == {"leases:changes", "leases:number"}
    assert 3_500 < other.ttl("{queue:test}:leases:changes") <= 3_600


def live_and_die(leases: RedisLeases) -> None:
    number = leases.join(WORKER, TEN)
    leases.renew(number, TEN, {"connections": 1})
    leases.leave(number)
    leases.bury()


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_another_kind_is_an_error_that_names_it(leases: RedisLeases, other: redis.Redis, key: str) -> None:
    wrong = other.rpush if KEYS[key] == "string" else other.set
    wrong(f"{{queue:test}}:{key}", "x")
    with pytest.raises(RegistryRefusedError, match=rf"{{queue:test}}:{key} is a (string|list), not a {KEYS[key]}"):
        live_and_die(leases)


@pytest.mark.parametrize("key", ["leases:changes", "leases:grave", "leases"])
def test_nothing_is_half_done_where_a_key_is_of_another_kind(
    leases: RedisLeases, other: redis.Redis, key: str
) -> None:
    number = leases.join(WORKER, TEN) if key == "leases:changes" else 0
    other.delete(f"{{queue:test}}:{key}")
    other.set(f"{{queue:test}}:{key}", "x")
    before = {name: other.dump(name) for name in other.scan_iter()}
    with pytest.raises(RegistryRefusedError):
        leases.join(Registration("worker", "b"), TEN)
    if number:
        with pytest.raises(RegistryRefusedError):
            leases.hold(number, "user", ["1"])
    assert {name: other.dump(name) for name in other.scan_iter()} == before


def test_items_in_a_key_of_another_kind_concern_that_holder_alone(leases: RedisLeases, other: redis.Redis) -> None:
    broken, fine = leases.join(WORKER, TEN), leases.join(Registration("worker", "b", holds=("user",)), TEN)
    key = f"{{queue:test}}:held:{broken}:user"
    other.set(key, "x")
    with pytest.raises(RegistryRefusedError, match=f"{key} is not a set"):
        leases.hold(broken, "user", ["1"])
    leases.hold(fine, "user", ["1"])
    assert leases.where("user", ["1"]) == {"1": (fine,)}
    assert [holder.counts for holder in leases.holders()] == [{"user": 0}, {"user": 1}]
    leases.leave(broken)
    while leases.bury():
        pass
    assert other.get(key) == b"x"
    assert [holder.number for holder in leases.holders()] == [fine]


@pytest.mark.parametrize("record", [b"no JSON", b"[]", b"null", b'{"kind":7,"name":["a"],"holds":"user","more":1}'])
def test_a_record_that_nobody_can_read_is_in_nobodys_way(
    leases: RedisLeases, other: redis.Redis, record: bytes
) -> None:
    odd = leases.join(WORKER, TEN)
    other.hset("{queue:test}:leases", odd, record)
    number = leases.join(WORKER, TEN)
    assert [holder.registration for holder in leases.holders()] == [Registration("", ""), WORKER]
    leases.hold(number, "user", ["1"])
    assert leases.where("user", ["1"]) == {"1": (number,)}
    leases.leave(odd)
    while leases.bury():
        pass
    assert [holder.number for holder in leases.holders()] == [number]


def test_a_record_of_another_version_is_read_as_far_as_it_is_known(leases: RedisLeases, other: redis.Redis) -> None:
    number = leases.join(WORKER, TEN)
    other.hset("{queue:test}:leases", number, b'{"kind":"worker","name":"a","reads":["x"],"future":{"a":1}}')
    [holder] = leases.holders()
    assert holder.registration == Registration("worker", "a", reads=("x",))
    with pytest.raises(NameTakenError):
        leases.join(WORKER, TEN)


def test_numbers_grow_over_a_loss_of_all_data(leases: RedisLeases, other: redis.Redis) -> None:
    before = leases.join(WORKER, TEN)
    other.flushdb()
    assert leases.join(WORKER, TEN) > before
    other.script_flush()
    leases.join(Registration("worker", "b"), TEN)
    assert len(leases.holders()) == 2


def test_a_redis_that_is_away_is_an_error_of_the_registry(free_port: int) -> None:
    with plain_client(f"redis://127.0.0.1:{free_port}/0") as client:
        leases = RedisLeases(client, "queue:test")
        with pytest.raises(RegistryAwayError, match=f"{free_port}"):
            leases.join(WORKER, TEN)
        with pytest.raises(RegistryAwayError):
            leases.where("user", ["1"])


def test_a_user_costs_less_than_150_bytes_of_redis(leases: RedisLeases, other: redis.Redis) -> None:
    count = 100 * SLICE
    number = leases.join(WORKER, 1_000.0)
    before = other.info("memory")["used_memory"]
    for start in range(0, count, SLICE):
        leases.hold(number, "user", [f"{user}" for user in range(start, start + SLICE)])
    assert (other.info("memory")["used_memory"] - before) / count < 150


def test_a_renewal_is_seven_commands_whatever_is_held(leases: RedisLeases, other: redis.Redis) -> None:
    number = leases.join(WORKER, TEN)
    leases.hold(number, "user", [f"{user}" for user in range(SLICE)])
    leases.renew(number, TEN)
    before = other.info("stats")["total_commands_processed"]
    for _ in range(10):
        leases.renew(number, TEN)
    assert other.info("stats")["total_commands_processed"] - before <= 10 * 7 + 1


@pytest.mark.parametrize("number", ["abc", b"\xff", "1.5", "-1", "9" * 30])
def test_a_lease_that_is_no_number_is_nobody(leases: RedisLeases, other: redis.Redis, number: str | bytes) -> None:
    mine = leases.join(WORKER, TEN)
    leases.hold(mine, "user", ["1"])
    other.hset("{queue:test}:leases", number, b'{"kind":"worker","name":"x","holds":["user"]}')
    other.zadd("{queue:test}:leases:end", {number: 2.0**52})
    assert [holder.number for holder in leases.holders()] == [mine]
    assert leases.where("user", ["1"]) == {"1": (mine,)}


@pytest.mark.parametrize(
    "record",
    [
        b'{"kind":"worker","name":"x","holds":[["user"],7,null,{}]}',
        b'{"kind":"worker","name":"x","holds":["\xff"]}',
        b'{"kind":"worker","name":"x","more":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"kind":"worker","name":"x","since":' + b"9" * 4_000 + b"}",
    ],
)
def test_a_record_of_odd_values_costs_others_nothing(leases: RedisLeases, other: redis.Redis, record: bytes) -> None:
    odd = leases.join(Registration("worker", "x"), TEN)
    other.hset("{queue:test}:leases", odd, record)
    mine = leases.join(WORKER, TEN)
    assert [holder.number for holder in leases.holders()] == [odd, mine]
    leases.leave(odd)
    while leases.bury():
        pass
    assert [holder.number for holder in leases.holders()] == [mine]


def test_figures_are_integers_that_every_program_can_read(leases: RedisLeases, other: redis.Redis) -> None:
    number = leases.join(WORKER, TEN)
    other.hset("{queue:test}:leases:load", number, b'{"connections":%b,"is":true,"slots":3}' % (b"9" * 4_000))
    [holder] = leases.holders()
    assert holder.load == {"slots": 3}


@pytest.mark.parametrize("last", ["inf", "nan", "9" * 30, "abc", "-5"])
def test_a_last_number_that_is_none_is_begun_anew(leases: RedisLeases, other: redis.Redis, last: str) -> None:
    other.set("{queue:test}:leases:number", last)
    first, second = leases.join(WORKER, TEN), leases.join(Registration("worker", "b"), TEN)
    assert 0 < first < second < 2**53


@pytest.mark.parametrize("fields", [{"a": "b"}, {"op": "held", "lease": "x"}, {"op": "odd", "lease": "5"}])
def test_a_watcher_begins_anew_behind_what_is_no_change(
    leases: RedisLeases, other: redis.Redis, fields: dict[str | bytes, str | int]
) -> None:
    watcher = Watcher(leases, ["user"])
    number = leases.join(WORKER, TEN)
    watcher.look()
    other.xadd("{queue:test}:leases:changes", fields)  # type: ignore[arg-type]
    assert watcher.look() is None
    leases.hold(number, "user", ["1"])
    assert [change.items for change in watcher.look() or ()] == [("1",)]


def test_a_key_of_another_kind_is_refused_where_nobody_may_ask_for_kinds(
    leases: RedisLeases, other: redis.Redis, redis_url: str
) -> None:
    other.rpush("{queue:test}:leases:end", "x")
    other.acl_setuser("kindless", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-type"])
    url = redis_url.replace("redis://", "redis://kindless:any@")
    with plain_client(url) as client, pytest.raises(RegistryRefusedError, match="WRONGTYPE"):
        RedisLeases(client, "queue:test").renew(1, TEN)
    other.acl_deluser("kindless")
