"""The page about queues: its commands, sent as they stand there, and the queues of tcelib meet in one Redis."""

import shlex
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import redis

from tcelib.lease.redis import RedisLeases
from tcelib.queue.message import DeadLetter, Message
from tcelib.queue.redis_list import RedisListQueue
from tcelib.queue.redis_stream import RedisStreamQueue, redis_stream
from tcelib.queue.redis_topic import RedisTopic
from tcelib.redis.redis_connection import plain_client
from tcelib.service.inbox import inbox_of
from tcelib.service.service_lease import REGISTRY
from tests.docs.document import ROOT, blocks

PAGE = ROOT / "docs" / "tce" / "queues.md"
NAME, DEAD = "queue:billing", "{queue:billing}:dead"


class BareReader:
    """A program in another language: sends the page's commands, word for word."""

    def __init__(self, url: str) -> None:
        self.client = redis.Redis.from_url(url, single_connection_client=True, protocol=2)

    def send(self, name: str, **words: str) -> list[Any]:
        """The replies to the commands of a block; ``words`` stand for those in capitals."""
        [block] = blocks(PAGE, f"redis {name}")
        connection = self.client.connection
        assert connection is not None
        replies = []
        for line in block.splitlines():
            command = [words.get(word, word) for word in shlex.split(line)]
            connection.send_command(*command)
            replies.append(connection.read_response())
        return replies


@pytest.fixture
def bare(redis_url: str) -> Iterator[BareReader]:
    bare = BareReader(redis_url)
    yield bare
    bare.client.close()


@pytest.fixture
def queue(redis_url: str) -> Iterator[RedisStreamQueue[DeadLetter]]:
    queue = redis_stream(plain_client(redis_url), NAME)
    yield queue
    queue.close()


def taken(bare: BareReader) -> list[str]:
    """The ids of what a bare reader takes."""
    with suppress(redis.ResponseError):  # BUSYGROUP: it is there
        bare.send("group")
    [[[_, entries]]] = bare.send("take")
    return [entry_id.decode() for entry_id, _ in entries]


def test_what_a_bare_program_puts_is_taken_and_acknowledged(
    bare: BareReader, queue: RedisStreamQueue[DeadLetter]
) -> None:
    [entry_id] = bare.send("put")
    [(message, tries)] = queue.take("python", 1, 0)
    assert (message.body, message.headers, message.expires) == (b"hello", {"from": "queue:shop"}, 4102444800.0)
    assert (message.id, tries) == (entry_id.decode(), 1)
    assert queue.acknowledge([message.id]) == 1
    assert bare.send("look")[:2] == [0, []]


def test_what_was_put_a_bare_program_takes_and_acknowledges(
    bare: BareReader, queue: RedisStreamQueue[DeadLetter]
) -> None:
    bare.send("group")
    queue.put([Message(b"{}", {"to": "me"}, 1.5)])
    [[[name, [[entry_id, fields]]]]] = bare.send("take")
    assert (name, fields) == (NAME.encode(), [b"body", b"{}", b"expires", b"1500", b"h:to", b"me"])
    [[held_id, reader, _, tries]] = bare.send("held")[0]
    assert (held_id, reader, tries) == (entry_id, b"node-7f3a", 1)
    assert bare.send("acknowledge", ID=entry_id.decode())[-1] == [1, 1]
    assert bare.send("acknowledge", ID=entry_id.decode())[-1] == [0, 0]
    assert queue.length() == 0


def test_a_bare_program_stays_alive_and_claims_from_the_silent(
    bare: BareReader, queue: RedisStreamQueue[DeadLetter]
) -> None:
    queue.put([Message(b"1"), Message(b"2")])
    [(silent, _)] = queue.take("python", 1, 0)
    [mine] = taken(bare)
    for reader, entry_id in (("python", silent.id), ("node-7f3a", mine)):
        bare.client.xclaim(NAME, "workers", reader, 0, [entry_id], idle=31_000, justid=True)
    assert len(bare.send("extend", ID=mine)[0]) == 1
    pending, claimed = bare.send("claim", ID=silent.id)
    assert [row[0].decode() for row in pending] == [silent.id]
    assert claimed == [[silent.id.encode(), [b"body", b"1"]]]
    assert queue.extend("python", [silent.id]) == set()
    assert queue.again("node-7f3a", silent.id) is not None
    assert bare.send("claim", ID=mine) == [[], []]


def test_a_bare_program_claims_what_a_service_without_a_lease_has_left(
    bare: BareReader, queue: RedisStreamQueue[DeadLetter]
) -> None:
    queue.put([Message(b"1")])
    [(taken_message, _)] = queue.take("lease:box-7:4711:5f0c7a61b2d9", 1, 0)
    [[count, _, _, readers]] = bare.send("holding")
    assert (count, readers) == (1, [[b"lease:box-7:4711:5f0c7a61b2d9", b"1"]])
    [[pending], claimed] = bare.send("claim_of", ID=taken_message.id)
    assert pending[0].decode() == taken_message.id
    assert claimed == [[taken_message.id.encode(), [b"body", b"1"]]]
    assert queue.held("node-7f3a", 10) == [taken_message.id]


def test_a_bare_program_sends_to_a_user(bare: BareReader) -> None:
    inbox = inbox_of("box-7:4711:5f0c7a61b2d9")
    assert bare.send("last") == [[None]]
    assert bare.send("inbox", BODY="hello") == [1]
    assert bare.client.lrange(inbox, 0, -1) == [b"hello"]


def test_a_bare_program_takes_a_lease_and_gives_it_back(bare: BareReader, redis_url: str) -> None:
    folder = ROOT / "tcelib" / "lease" / "lua"
    join, renew, leave = (
        f"{(folder / 'registry.lua').read_text()}\n{(folder / f'{name}.lua').read_text()}"
        for name in ("join", "renew", "leave")
    )
    record = '{"kind": "service", "name": "node-7f3a", "reads": ["queue:billing"]}'
    [[number]] = bare.send("join", JOIN=join, RECORD=record, REPLACED="0")
    [[is_over, _]] = bare.send("renew", RENEW=renew, NUMBER=number.decode())
    assert is_over == 0
    _, [living, _], _ = bare.send("living")
    assert living == number
    leases = RedisLeases(plain_client(redis_url), REGISTRY)
    assert [(one.registration.name, one.registration.reads) for one in leases.holders()] == [("node-7f3a", (NAME,))]
    bare.send("leave", LEAVE=leave, NUMBER=number.decode())
    assert leases.holders() == []
    leases.close()


def test_what_a_bare_program_gives_back_is_claimed_at_once(
    bare: BareReader, queue: RedisStreamQueue[DeadLetter]
) -> None:
    queue.put([Message(b"1")])
    [entry_id] = taken(bare)
    assert bare.send("again", ID=entry_id) == [[[entry_id.encode(), [b"body", b"1"]]]]
    bare.send("release", ID=entry_id, TRIES="1")
    [(message, tries)] = queue.claim("python", 1, 3600)
    assert (message.body, tries) == (b"1", 2)


def test_the_page_s_script_is_the_one_that_buries(bare: BareReader, queue: RedisStreamQueue[DeadLetter]) -> None:
    [script] = blocks(PAGE, "lua")
    assert script == (ROOT / "tcelib" / "queue" / "lua" / "bury.lua").read_text()
    bare.send("put")
    [entry_id] = taken(bare)
    assert bare.send("bury", SCRIPT=script, ID=entry_id) == [1]
    assert bare.send("bury", SCRIPT=script, ID=entry_id) == [0]
    assert queue.length() == 0
    letter = {b"reason": b"bad_order", b"detail": b"no such item", b"at": b"1700000000000", b"body": b"hello"}
    assert [fields for _, fields in bare.client.xrange(DEAD)] == [letter]


def test_bare_programs_and_those_of_tcelib_share_a_topic(
    bare: BareReader, queue: RedisStreamQueue[DeadLetter], redis_url: str
) -> None:
    [script] = blocks(PAGE, "lua publish")
    assert script == (ROOT / "tcelib" / "queue" / "lua" / "publish.lua").read_text()
    topic = RedisTopic(plain_client(redis_url), "topic:alarms")
    bare.send("subscribe")
    assert topic.subscribers() == [NAME]
    assert topic.publish([Message(b"from python")]) == 1
    assert bare.send("publish", PUBLISH=script) == [1]
    first, second = (delivery.message for delivery in queue.take("python", 9, 0))
    assert (first.body, second.body, second.headers) == (
        b"from python",
        b"copper is running out",
        {"level": "urgent"},
    )
    assert bare.send("unsubscribe") == [1]
    assert topic.subscribers() == []


def test_a_list_carries_bare_bodies(bare: BareReader, redis_url: str) -> None:
    assert bare.send("list") == [1, [b"calls", b"hello"]]
    calls = RedisListQueue(plain_client(redis_url), "calls")
    calls.put([Message(b"from python")])
    assert bare.client.lrange("calls", 0, -1) == [b"from python"]
    calls.close()
