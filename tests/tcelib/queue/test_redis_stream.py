"""Streams in Redis: entries of any program, keys in the way, a Redis that is full or breaks connections."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import redis

from tcelib.queue.error import QueueAwayError, QueueError, QueueRefusedError
from tcelib.queue.message import DeadLetter, Message
from tcelib.queue.redis_stream import GROUP, redis_stream
from tcelib.redis.redis_connection import plain_client
from tests.redis_process import RedisProcess
from tests.tcelib.queue.rig import DEAD, NAME, RedisRig, put, taken
from tests.until import until


@pytest.fixture
def rig(redis_url: str) -> Iterator[RedisRig]:
    rig = RedisRig(redis_url)
    yield rig
    rig.close()


def test_entries_that_are_no_messages_are_dead_letters_and_hold_up_nobody(rig: RedisRig) -> None:
    rig.client.xadd(NAME, {"text": "hello"})
    rig.client.xadd(NAME, {"body": "x", "expires": "soon"})
    rig.client.xadd(NAME, {"body": "y", "h:to": b"\xff"})
    rig.client.xadd(NAME, {f"field {number}": "x" for number in range(10_000)})
    rig.client.xadd(NAME, {"body": "good", "h:to": "me"})
    assert taken(rig.queue, count=1) == [b"good"]
    letters = [fields for _, fields in rig.client.xrange(DEAD)]
    assert [fields[b"reason"] for fields in letters] == [b"malformed"] * 4
    assert [fields[b"detail"] for fields in letters] == [
        b"entry: no field body",
        b"expires: b'soon' is no number of milliseconds",
        rb"header b'\xff': no UTF-8",
        b"entry: 10000 fields; allowed are 66",
    ]
    assert letters[0][b"text"] == b"hello"
    assert rig.queue.length() == 1


def test_a_dead_letter_has_the_fields_of_its_entry(rig: RedisRig) -> None:
    rig.queue.put([Message(b"x", {"to": "me"})])
    [(message, _)] = rig.queue.take("a", 1, 0)
    rig.queue.bury(message.id, DeadLetter(message, "bad", "no such item", 1.5))
    [(_, fields)] = rig.client.xrange(DEAD)
    expected = {b"reason": b"bad", b"detail": b"no such item", b"at": b"1500", b"body": b"x", b"h:to": b"me"}
    assert fields == expected


@pytest.mark.parametrize("first", [True, False])
def test_a_key_of_another_kind_is_named_and_nothing_is_half_done(rig: RedisRig, first: bool) -> None:
    rig.client.rpush(NAME, "a list")
    acts = (
        lambda: put(rig.queue, b"1"),
        lambda: put(rig.queue, b"1", b"2"),
        lambda: taken(rig.queue),
        lambda: taken(rig.queue, timeout=1.0),
        lambda: rig.queue.claim("a", 1, 0),
        lambda: rig.queue.acknowledge(["1-1"]),
        lambda: rig.queue.tidy(0),
        rig.queue.length,
        rig.queue.oldest_age,
    )
    for act in acts if first else reversed(acts):
        with pytest.raises(QueueRefusedError, match="queue:billing is a list, not a stream"):
            act()
    assert rig.client.keys() == [NAME.encode()]
    assert rig.client.lrange(NAME, 0, -1) == [b"a list"]


def test_a_letter_for_which_there_is_no_place_leaves_the_message_where_it_is(rig: RedisRig) -> None:
    put(rig.queue, b"1")
    [delivery] = rig.queue.take("a", 1, 0)
    rig.client.set(DEAD, "in the way")
    with pytest.raises(QueueRefusedError, match=r"\{queue:billing\}:dead is a string, not a stream"):
        rig.queue.bury(delivery.id, DeadLetter(delivery.message, "bad", "", 0))
    assert rig.queue.extend("a", [delivery.id]) == {delivery.id}
    assert rig.queue.length() == 1


def test_what_was_removed_by_hand_is_passed_over(rig: RedisRig) -> None:
    put(rig.queue, b"1", b"2", b"3")
    one, _, _ = rig.queue.take("dead", 3, 0)
    rig.client.xdel(NAME, one.id)
    assert [delivery.body for delivery in rig.queue.claim("b", 2, 0)] == [b"2", b"3"]
    assert rig.queue.again("dead", one.id) is None
    assert rig.client.xpending(NAME, GROUP)["pending"] == 2


def test_the_group_is_made_again_when_redis_has_lost_its_data(rig: RedisRig) -> None:
    put(rig.queue, b"1")
    [delivery] = rig.queue.take("a", 1, 0)
    rig.client.flushdb()
    assert rig.queue.acknowledge([delivery.id]) == 0
    put(rig.queue, b"2")
    assert taken(rig.queue) == [b"2"]


@pytest.mark.parametrize("command", ["FLUSHALL", f"DEL {NAME}", f"UNLINK {NAME}"])
def test_a_reader_that_waits_while_the_data_is_removed_goes_on_quietly(
    rig: RedisRig, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    found: list[Sequence[bytes]] = []
    assert taken(rig.queue) == []
    thread = threading.Thread(target=lambda: found.append(taken(rig.queue, timeout=60.0)))
    thread.start()
    until(lambda: rig.client.info("clients")["blocked_clients"] == 1, "the reader waits")
    rig.client.execute_command(*command.split())
    until(lambda: not thread.is_alive() or rig.client.info("clients")["blocked_clients"] == 1, "it waits again")
    put(rig.queue, b"1")
    thread.join()
    assert found == [[b"1"]]
    assert caplog.messages == []


def test_names_of_readers_that_are_gone_are_forgotten(rig: RedisRig) -> None:
    put(rig.queue, b"1", b"2")
    rig.queue.take("holds one", 1, 0)
    [delivery] = rig.queue.take("had one", 1, 0)
    rig.queue.acknowledge([delivery.id])
    rig.queue.tidy(3600)
    assert len(rig.client.xinfo_consumers(NAME, GROUP)) == 2
    rig.queue.tidy(0)
    assert [consumer["name"] for consumer in rig.client.xinfo_consumers(NAME, GROUP)] == [b"holds one"]


def test_dead_letters_are_bounded(redis_url: str) -> None:
    queue = redis_stream(plain_client(redis_url), NAME, dead_length=100)
    queue.put([Message(b"x") for _ in range(1_000)])
    for message, _ in queue.take("a", 1_000, 0):
        queue.bury(message.id, DeadLetter(message, "bad", "", 0))
    with redis.Redis.from_url(redis_url) as client:
        assert 100 <= client.xlen(DEAD) < 300
    queue.close()


def test_a_connection_that_is_reset_costs_one_error_and_no_message(rig: RedisRig) -> None:
    put(rig.queue, b"1")
    assert taken(rig.queue) == [b"1"]
    errors: list[QueueError] = []

    def wait() -> None:
        try:
            taken(rig.queue, timeout=60.0)
        except QueueError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: rig.client.info("clients")["blocked_clients"] == 1, "the reader waits")
    rig.client.client_kill_filter(_type="normal", skipme=True)
    thread.join()
    assert [type(error) for error in errors] == [QueueAwayError]
    put(rig.queue, b"2")
    assert taken(rig.queue, timeout=1.0) == [b"2"]
    assert len(rig.queue.held("a", 10)) == 2


def test_a_redis_that_is_not_there_is_said_with_its_address(free_port: int) -> None:
    queue = redis_stream(plain_client(f"redis://:secret@127.0.0.1:{free_port}"), NAME)
    with pytest.raises(QueueAwayError, match=f"redis://127.0.0.1:{free_port}/0: "):
        put(queue, b"1")


def test_a_full_redis_refuses_what_is_put_and_lets_readers_go_on(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server, server.client() as client:
        queue = redis_stream(plain_client(server.url), NAME)
        put(queue, b"1", b"2", b"3", b"4")
        one, two = queue.take("a", 2, 0)
        client.config_set("maxmemory", 1)
        for bodies in ([b"5"], [b"5", b"6"]):
            with pytest.raises(QueueRefusedError, match="OOM"):
                put(queue, *bodies)
        assert queue.length() == 4
        assert queue.acknowledge([one.id]) == 1
        assert queue.bury(two.id, DeadLetter(two.message, "bad", "", 0))
        assert taken(queue) == [b"3", b"4"]
        assert len(queue.claim("b", 10, 0)) == 2
        assert client.xlen(DEAD) == 1
        queue.close()


def test_a_bad_entry_that_nobody_can_bury_holds_up_no_message(rig: RedisRig) -> None:
    rig.client.set(DEAD, "a string")
    rig.client.xadd(NAME, {"text": "no body"})
    put(rig.queue, b"1", b"2")
    assert taken(rig.queue) == [b"1", b"2"]
    rig.age(30.0)
    assert [delivery.body for delivery in rig.queue.claim("b", 10, 30.0)] == [b"1", b"2"]
    rig.client.xadd(NAME, {"text": "no body"})
    with pytest.raises(QueueRefusedError, match="dead is a string, not a stream"):
        taken(rig.queue)
    rig.client.delete(DEAD)
    rig.age(30.0)
    rig.queue.claim("c", 10, 30.0)
    assert [fields[b"reason"] for _, fields in rig.client.xrange(DEAD)] == [b"malformed"] * 2
