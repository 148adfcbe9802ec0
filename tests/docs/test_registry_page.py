"""The page of the registry, followed with bare Redis commands: what it shows works, and the keys are as it says."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tcelib.lease.port import Registration
from tcelib.lease.redis import KEYS, RedisLeases
from tcelib.redis.redis_connection import plain_client

PAGE = (Path(__file__).parents[2] / "docs" / "registry.md").read_text(encoding="utf-8")
PREFIX = "{queue:rtserver}:"


@pytest.fixture
def client(redis_url: str) -> Iterator[redis.Redis]:
    """A program in any language."""
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def number(redis_url: str) -> Iterator[int]:
    """The lease of a server to which three users are connected."""
    with plain_client(redis_url) as client:
        leases = RedisLeases(client, "queue:rtserver")
        told = Registration("worker", "web-1:8888", version="1", since=2.0, reads=("quote",), holds=("user",))
        number = leases.join(told, 10.0)
        leases.hold(number, "user", ["7", "8", "9"])
        leases.drop(number, "user", ["8"])
        leases.renew(number, 10.0, {"connections": 12})
        yield number


def rows(first: str) -> dict[str, str]:
    """The table with that heading: first column to the rest of the row."""
    lines = PAGE[PAGE.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    return {cells[0].strip(" `"): "|".join(cells[1:]) for cells in (line.strip("| ").split("|", 1) for line in lines)}


def test_the_keys_are_of_the_kinds_that_the_page_names(client: redis.Redis, number: int) -> None:
    told = {key: text.partition("|")[0].strip() for key, text in rows("key").items()}
    kinds = {"sorted set": "zset"}
    assert {key: kinds.get(kind, kind) for key, kind in told.items()} == {**KEYS, "held:<number>:<kind>": "set"}
    for key in ("leases", "leases:end", "leases:load", "leases:told", "leases:changes", "leases:number"):
        assert client.type(PREFIX + key) == KEYS[key]
    assert client.type(f"{PREFIX}held:{number}:user") == "set"


def test_who_is_there_and_which_users_are_online_is_read_as_the_page_says(client: redis.Redis, number: int) -> None:
    seconds, _ = client.time()
    [(found, end)] = client.zrange(f"{PREFIX}leases:end", 0, -1, withscores=True)
    assert int(found) == number
    assert end > seconds * 1000
    record = json.loads(client.hget(f"{PREFIX}leases", found))
    assert record["name"] == "web-1:8888"
    assert set(record) == set(re.findall(r"`(\w+)`", " ".join(f"`{field}`" for field in fields())))
    assert client.smismember(f"{PREFIX}held:{found}:user", ["7", "8", "ann"]) == [1, 0, 0]
    assert json.loads(client.hget(f"{PREFIX}leases:load", found)) == {"connections": 12}


def fields() -> set[str]:
    """The fields of a record, as the page names them."""
    return {name.strip(" `") for field in rows("field") for name in field.split(",")}


def test_the_changes_are_as_the_page_says(client: redis.Redis, number: int) -> None:
    entries = [entry for _, entry in client.xrange(f"{PREFIX}leases:changes")]
    assert [entry["op"] for entry in entries] == ["joined", "held", "dropped"]
    assert {entry["lease"] for entry in entries} == {f"{number}"}
    assert json.loads(entries[0]["record"])["reads"] == ["quote"]
    assert (entries[1]["what"], json.loads(entries[1]["items"])) == ("user", ["7", "8", "9"])


def test_every_script_that_the_page_sends_an_author_to_exists() -> None:
    folder = Path(__file__).parents[2] / "tcelib" / "lease" / "lua"
    named = set(re.findall(r"`(\w+\.lua)`", PAGE))
    assert named == {file.name for file in folder.iterdir()} - {"holders.lua", "tell.lua"}
