"""``rtserver check`` about what lies on the wrong one of several queues."""

import json
from collections.abc import Sequence

import pytest
import redis

from rtserver.base.queue.shard import queue_of
from rtserver.base.queue.signature import Signer
from rtserver.bootstrap.command.check_queues import check_queues, find_misplaced, judge_queue
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.site.finding import Severity

NAMES = ["queue:rtserver", "queue:rtserver:1"]
ONE, OTHER = (
    next(key for key in (f"X:{number}" for number in range(100)) if queue_of(key, NAMES) == name) for name in NAMES
)


def quote(*keys: str) -> bytes:
    return json.dumps({"type": "quote", "src": "me", "data": [{"quote": key} for key in keys]}).encode()


def misplaced(raws: Sequence[bytes], name: str) -> tuple[dict[str, str], set[str]]:
    quotes, types = find_misplaced(raws, name, NAMES, {"quote", "order"})
    return dict(quotes), set(types)


def test_quotes_are_looked_for_by_their_keys_signed_or_not() -> None:
    raws = [quote(ONE, OTHER), Signer("secret").sign(quote(OTHER)), quote(ONE)]
    assert misplaced(raws, NAMES[0]) == ({OTHER: NAMES[1]}, set())
    assert misplaced(raws, NAMES[1]) == ({ONE: NAMES[0]}, set())


def test_types_that_no_handler_takes_on_each_queue_belong_on_the_first() -> None:
    raws = [b'{"type":"pushuser","data":1}', b'{"type":"order","data":1}']
    assert misplaced(raws, NAMES[0]) == ({}, set())
    assert misplaced(raws, NAMES[1]) == ({}, {"pushuser"})


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"type":1}', b'{"type":"quote","data":[1]}', b"\xff{"])
def test_what_is_no_message_is_left_to_the_dead_letters(raw: bytes) -> None:
    assert misplaced([raw, quote(ONE)], NAMES[1]) == ({ONE: NAMES[0]}, set())


def test_three_of_many_quotes_are_named() -> None:
    stored = {f"X:{number}": "b" for number in range(5)}
    [found] = judge_queue("a", "a", stored, find_misplaced([], "a", ["a", "b"], ()))
    assert found.severity is Severity.FAIL
    text = "a has stored 5 quotes of another queue: X:0 (b), X:1 (b), X:2 (b), ...: stop all servers, and run:"
    assert found.detail == f"{text} rtserver queues move"


def test_stored_waiting_and_read_quotes_are_all_found(redis_url: str) -> None:
    config = Config(redis_url=redis_url, queues=NAMES)
    with redis.Redis.from_url(redis_url) as client:
        client.rpush(NAMES[0], quote(ONE))
        assert [found.severity for found in check_queues(config)] == [Severity.OK, Severity.OK]
        client.rpush(NAMES[0], quote(OTHER))
        client.sadd(f"{{{NAMES[0]}}}:history:quotes", f"1 {OTHER}")
        client.xadd(f"{{{NAMES[1]}}}:bus", {"raw": quote(ONE)})
        client.xadd(f"{{{NAMES[1]}}}:bus", {"raw": b'{"type":"pushuser","data":1}'})
    assert [(each.severity, each.detail) for each in check_queues(config)] == [
        (
            Severity.FAIL,
            f"{NAMES[0]} has stored a quote of another queue: {OTHER} ({NAMES[1]}): stop all servers, and run: "
            "rtserver queues move",
        ),
        (
            Severity.FAIL,
            f"{NAMES[0]} got messages of a quote of another queue: {OTHER} ({NAMES[1]}): its producers go by other "
            "names of queues",
        ),
        (
            Severity.FAIL,
            f"{NAMES[1]} got messages of a quote of another queue: {ONE} ({NAMES[0]}): its producers go by other "
            "names of queues",
        ),
        (Severity.FAIL, f"{NAMES[1]} got messages of a type that only {NAMES[0]} takes: pushuser"),
    ]


def test_one_queue_is_not_looked_at() -> None:
    assert list(check_queues(Config(redis_url="redis://127.0.0.1:1/0"))) == []
