"""A password that stands in a file, at a real Redis whose password changes."""

from pathlib import Path

import pytest
import redis
from redis.connection import parse_url

from tcelib.redis.redis_connection import plain_client
from tcelib.redis.redis_error import RedisCallError
from tcelib.redis.redis_password import FilePassword, split_password_file, with_password_file
from tests.redis_process import RedisProcess


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis.internal:6379/0",
        "rediss://redis.internal?ssl_cert_reqs=none",
        "unix:///run/redis.sock?db=1",
        "unix:///run/redis.sock",
    ],
)
def test_the_address_is_as_it_was_without_the_file(url: str) -> None:
    address, credentials = split_password_file(with_password_file(url, "/run/secret & more"))
    assert parse_url(address) == parse_url(url)
    assert credentials is not None
    assert split_password_file(url) == (url, None)


def test_a_user_goes_with_the_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss: w/o?\r\n")
    address, credentials = split_password_file(with_password_file("redis://sh%6Fp@redis.internal:1/2", str(file)))
    assert parse_url(address) == parse_url("redis://redis.internal:1/2")
    assert credentials is not None
    assert credentials.get_credentials() == ("shop", "p@ss: w/o?")


def test_a_file_that_cannot_be_read_is_a_redis_that_cannot_be_reached(tmp_path: Path) -> None:
    with pytest.raises(redis.ConnectionError, match="cannot be read"):
        FilePassword(str(tmp_path / "none")).get_credentials()


def test_a_new_password_is_for_the_next_connection(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("first\n")
    with (
        RedisProcess(tmp_path, "--requirepass", "first") as server,
        plain_client(with_password_file(server.url, str(file))) as client,
    ):
        assert client.call("PING") in (True, b"PONG")
        client.call("CONFIG", "SET", "requirepass", "second")
        client.reset()
        with pytest.raises(RedisCallError):
            client.call("PING")
        file.write_text("second\n")
        assert client.call("PING") in (True, b"PONG")
