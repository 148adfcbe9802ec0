"""Addresses of Redis: what is read out of them, what is refused, and that no password is shown."""

import pytest
from redis.connection import parse_url

from tcelib.redis.redis_address import AddressError, Guide, Place, at, read_address


@pytest.mark.parametrize("url", ["redis://h:1/2", "rediss://u:p@h?ssl_cert_reqs=none", "unix:///run/redis.sock?db=1"])
def test_the_address_of_one_server_is_left_to_redis_py(url: str) -> None:
    address = read_address(url)
    assert (address.guide, address.url, address.seeds) == (Guide.NOBODY, url, ())
    assert address.scheme == url.partition(":")[0]


def test_an_address_of_sentinels_names_them_their_service_and_how_to_log_in_to_the_data() -> None:
    address = read_address("redis+sentinel://shop:p%40ss@one:1,two,[::1]:3/my%2Fservice/5?socket_timeout=2")
    assert address.guide is Guide.SENTINEL
    assert address.seeds == (Place("one", 1), Place("two", 26379), Place("::1", 3))
    assert address.service == "my/service"
    data = parse_url(address.url)
    assert (data["username"], data["password"], data["db"], data["socket_timeout"]) == ("shop", "p@ss", 5, 2.0)
    assert address.shown == "redis+sentinel://one:1,two:26379,[::1]:3/my%2Fservice/5"


def test_the_database_is_the_first_where_none_is_named() -> None:
    assert parse_url(read_address("redis+sentinel://one/service").url)["db"] == 0


def test_sentinels_are_asked_with_credentials_of_their_own_and_the_same_tls() -> None:
    address = read_address(
        "rediss+sentinel://shop:secret@one/service/5?ssl_ca_certs=/ca.pem&sentinel_username=w&sentinel_password=a%26b"
        "&username=x&password=y&password_file=/data&socket_timeout=9"
    )
    assert address.scheme == "rediss"
    sentinel = parse_url(at(address.seed_url, Place("::1", 7)))
    assert sentinel.pop("connection_class")
    assert sentinel == {
        "host": "::1",
        "port": 7,
        "username": "w",
        "password": "a&b",
        "ssl_ca_certs": "/ca.pem",
    }
    assert "sentinel_" not in address.url


def test_without_credentials_of_their_own_sentinels_are_told_none() -> None:
    assert read_address("redis+sentinel://shop:secret@one/service").seed_url == "redis://one:26379"


def test_a_sentinel_s_password_may_stand_in_a_file() -> None:
    address = read_address("redis+sentinel://one/service?sentinel_username=w&sentinel_password_file=/run/a%20b")
    assert address.seed_url == "redis://w@one:26379?password_file=%2Frun%2Fa+b"


def test_an_address_of_a_cluster_names_some_nodes_and_how_to_log_in_to_all() -> None:
    address = read_address("rediss+cluster://shop:p%40ss@one:1,two/0?ssl_cert_reqs=none&socket_timeout=2")
    assert address.guide is Guide.CLUSTER
    assert address.seeds == (Place("one", 1), Place("two", 6379))
    assert address.url == "rediss://shop:p%40ss@one:1/0?ssl_cert_reqs=none&socket_timeout=2"
    assert at(address.seed_url, Place("h", 3)) == "rediss://shop:p%40ss@h:3/0?ssl_cert_reqs=none"
    assert address.shown == "rediss+cluster://one:1,two:6379"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://:secret@h", "begins with redis://"),
        ("unix+sentinel://:secret@h/s", "begins with redis://"),
        ("redis+raft://:secret@h/s", "begins with redis://"),
        ("", "begins with redis://"),
        ("h?password=secret", "begins with redis://"),
        ("redis+sentinel://:secret@one", "name of their service"),
        ("redis+sentinel://:secret@one/", "name of their service"),
        ("redis+sentinel://:secret@one//0", "name of their service"),
        ("redis+sentinel://:secret@one/service/zero", "number of a database"),
        ("redis+sentinel://:secret@one/service/0/1", "number of a database"),
        ("redis+sentinel://:secret@/service", "number 1 of its servers is no host:port"),
        ("redis+sentinel://:secret@one,,two/service", "number 2 of its servers is no host:port"),
        ("redis+sentinel://:secret@one:0/service", "number 1 of its servers is no host:port"),
        ("redis+sentinel://:secret@one:65536/service", "number 1 of its servers is no host:port"),
        ("redis+sentinel://:secret@[::1:5/service", "number 1 of its servers is no host:port"),
        ("redis+cluster://:secret@one/1", "names no database"),
        ("redis+cluster://:secret@one?db=1", "names no database"),
        ("redis+cluster://:secret@one,", "number 2 of its servers is no host:port"),
        ("redis+sentinel://u:secret/word@one/service", "number 1 of its servers is no host:port"),
    ],
)
def test_what_is_no_address_is_refused_with_a_reason_and_without_its_password(url: str, reason: str) -> None:
    with pytest.raises(AddressError, match=reason) as caught:
        read_address(url)
    assert "secret" not in str(caught.value)
