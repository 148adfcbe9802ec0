"""Traits of the queue in Redis alone: crashes, the server going away, its errors, its keys."""

import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import gevent.event
import pytest
import redis

from rtserver.base.queue import redis_queue
from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import (
    START,
    Bound,
    DeadLetter,
    Entry,
    Gone,
    Kept,
    Lone,
    Named,
    QueueAwayError,
    QueueRefusedError,
    number_of,
    order_of,
)
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.base.queue.redis_replica import RedisReplica
from tcelib.redis.gevent_redis import gevent_client
from tests.redis_process import RedisProcess

LIST, INTAKE = "queue:rtserver", "{queue:rtserver}:intake"
BUS, DEAD, NAMES = "{queue:rtserver}:bus", "{queue:rtserver}:dead", "{queue:rtserver}:names"
MARKS, MOMENTS, POSITIONS = "{queue:rtserver}:bus:marks", "{queue:rtserver}:moments", "{queue:rtserver}:positions"
BEFORE, ASIDE, ALONE = "{queue:rtserver}:names:before", "{queue:rtserver}:aside", "{queue:rtserver}:alone"


@pytest.fixture
def client(redis_url: str) -> redis.Redis:
    return redis.Redis.from_url(redis_url)


def raws(queue: RedisQueue) -> list[bytes]:
    return [entry.raw for entry in queue.read(START, 10_000, 0)]


def test_any_redis_client_is_a_producer(redis_url: str, client: redis.Redis) -> None:
    client.rpush(LIST, '{"type":"quote"}')
    queue = RedisQueue(plain_client(redis_url))
    assert queue.intake(0.1).messages == 1
    assert raws(queue) == [b'{"type":"quote"}']


def test_a_worker_that_dies_between_pop_and_script_loses_and_doubles_nothing(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.put([b"1", b"2", b"3", b"4"])
    for _ in range(2):  # two workers popped, and died
        client.blmove(LIST, INTAKE, 1, "LEFT", "RIGHT")
    assert queue.intake(0.1).messages == 4
    assert raws(queue) == [b"1", b"2", b"3", b"4"]
    assert client.exists(INTAKE, LIST) == 0


def test_leftovers_move_even_if_nothing_new_comes(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.put([b"left over"])
    client.blmove(LIST, INTAKE, 1, "LEFT", "RIGHT")
    assert queue.intake(0.01).messages == 1
    assert raws(queue) == [b"left over"]


def test_a_clock_that_was_set_back_does_not_stop_the_intake(redis_url: str, client: redis.Redis) -> None:
    in_the_future = "99999999999999-7"
    client.xadd(BUS, {"raw": "from the future"}, id=in_the_future)
    queue = RedisQueue(plain_client(redis_url))
    queue.put([b"now"])
    assert queue.intake(0.1).newest_id == "99999999999999-8"
    assert raws(queue) == [b"from the future", b"now"]


def test_the_message_is_the_first_field_of_its_entry_as_it_ever_was(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    routed, plain = b'{"type":"quote","to":"X:A","src":"me","data":[]}', b'{"type":"quote","src":"me","data":[]}'
    queue.put([routed, plain])
    queue.intake(0.1)
    assert [list(fields.items()) for _, fields in client.xrange(BUS)] == [
        [(b"raw", routed), (b"quote", b"X:A")],
        [(b"raw", plain)],
    ]


def test_two_workers_share_one_list_and_both_see_everything_in_one_order(redis_url: str) -> None:
    one, other = (RedisQueue(plain_client(redis_url), batch=3) for _ in range(2))
    one.put([b"%d" % number for number in range(20)])
    while one.waiting():
        one.intake(0.1)
        other.intake(0.01)
    assert raws(one) == raws(other) == [b"%d" % number for number in range(20)]


def test_an_intake_that_is_refused_leaves_every_message_where_it_was(redis_url: str, client: redis.Redis) -> None:
    client.set(BUS, "no stream")
    queue = RedisQueue(plain_client(redis_url))
    queue.put([b"1", b"2"])
    with pytest.raises(QueueRefusedError, match="WRONGTYPE") as refused:
        queue.intake(0.1)
    assert "EVAL" not in str(refused.value)  # the reason, and not our script in front of it
    assert f"{BUS} is a string, not a stream" in str(refused.value)
    assert client.lrange(INTAKE, 0, -1) + client.lrange(LIST, 0, -1) == [b"1", b"2"]
    client.delete(BUS)
    queue.intake(0.1)
    assert raws(queue) == [b"1", b"2"]


def test_a_redis_without_memory_left_lets_us_do_what_makes_room_and_refuses_producers(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server, server.client() as client:
        queue = RedisQueue(plain_client(server.url))
        named = b'{"src":"me","id":1}'
        queue.put([b"1", named])
        client.config_set("maxmemory", 1)
        with pytest.raises(QueueRefusedError, match="maxmemory"):
            queue.put([b"3"])
        moved = queue.intake(0.1)
        assert moved.messages == 2
        assert raws(queue) == [b"1", named]
        assert queue.bind([Named(moved.newest_id, b"a")]).untold == 0
        assert queue.begin_keeping("others") == moved.newest_id
        queue.keep("users", moved.newest_id, [Kept("user:7", moved.newest_id, b"x")], Bound(10, 60))
        queue.bury([DeadLetter(b"1", "bad_json", "", "", 0.0, entry="1-1")])
        queue.commit_offsets("w", {"a": moved.newest_id})
        assert queue.trim(0, 60) == (1, 0)
        assert queue.intake(0.01).messages == 0
        client.config_set("maxmemory", 0)
        queue.put([b"3"])
        assert queue.intake(0.1).messages == 1
        queue.close()


def test_the_intake_decodes_nothing_and_asks_for_no_message_that_is_far_too_large(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url), most_bytes=1_000_000)
    before = b'{"type":"a","src":"me","data":1,"id":1}'
    queue.put([before])
    queue.put([b'{"id":1,"data":"' + b"x" * 20_000_000 + b'"}'])
    queue.put([b"behind"])
    client.script_flush()  # and what scripts have in memory
    moved = [queue.intake(0) for _ in range(2)]
    assert [(one.messages, one.aside) for one in moved] == [(1, 0), (1, 1)]
    assert client.info("memory")["used_memory_lua"] < 10_000_000
    assert raws(queue) == [before, b"behind"]
    assert "cjson" not in queue._intake_script


def test_one_intake_moves_a_bounded_number_of_bytes(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    large = [bytes([letter]) * 2_000_000 for letter in range(12)]
    queue.put(large)
    counts = []
    while queue.waiting():
        counts.append(queue.intake(0).messages)
    assert max(counts) * 2_000_000 <= redis_queue.BATCH_BYTES + 2_000_000
    assert raws(queue) == large


def test_a_backlog_of_small_messages_with_a_large_one_is_moved_in_order(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url), batch=100, most_bytes=100_000)
    small = [b"%09d" % number * 12 for number in range(200_000)]
    for first in range(0, len(small), 10_000):
        queue.put(small[first : first + 10_000])
        if first == 0:
            queue.put([b"x" * 9_000_000])
    while queue.waiting():
        queue.intake(0)
    assert client.xlen(BUS) <= 100_100
    assert queue.newest_id().endswith("-200000")
    assert client.scard(ASIDE) == 1


def test_what_was_set_aside_of_the_wrong_kind_refuses_the_intake_before_anything_is_moved(
    redis_url: str, client: redis.Redis
) -> None:
    client.set(ASIDE, "no set")
    queue = RedisQueue(plain_client(redis_url), most_bytes=10)
    messages = [b"fits", b"is too large"]
    queue.put(messages)
    with pytest.raises(QueueRefusedError, match="WRONGTYPE"):
        queue.intake(0.1)
    assert raws(queue) == []
    client.delete(ASIDE)
    queue.intake(0.1)
    queue.intake(0)
    assert raws(queue) == messages[:1]
    assert (queue.aside() or ("", b""))[1] == messages[1]


@pytest.mark.parametrize("kind", ["text", "list", "set"])
@pytest.mark.parametrize("name", ["bus:bytes", "bus:marks", "moments"])
def test_bookkeeping_that_cannot_be_read_begins_anew_and_costs_nobody_a_message(
    redis_url: str, client: redis.Redis, name: str, kind: str
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.put([b"1"])
    queue.intake(0.1)
    [key] = prefixed(name)
    client.delete(key)
    {"text": client.set, "list": client.rpush, "set": client.sadd}[kind](key, "no such thing")
    queue.put([b"2"])
    queue.intake(0.1)
    queue.commit_offsets("w", {"a": queue.newest_id()})
    assert raws(queue) == [b"1", b"2"]
    assert queue.memory().bus > 0
    assert queue.trim(0, 3600.0) == (1, 0)


@pytest.mark.parametrize("kind", ["lost", "list"])
def test_a_note_of_who_is_alone_that_cannot_be_read_begins_anew(
    redis_url: str, client: redis.Redis, kind: str
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    lone = Lone("one", START, 10)
    queue.intake(0, START, lone)
    client.delete(ALONE)
    if kind == "list":
        client.rpush(ALONE, "no such thing")
    queue.put([b"1"])
    assert [entry.raw for entry in queue.intake(0.1, START, lone).entries] == [b"1"]
    assert client.get(ALONE) == b"one"


def test_what_a_worker_was_told_is_gone_soon_if_it_does_not_look(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.intake(0, START, Lone("dead", START, 10))
    queue.put([b"1"])
    queue.intake(0.1)
    assert client.exists(ALONE) == 0
    assert 0 < client.pttl(f"{ALONE}:dead") <= 5_000


def test_a_lone_worker_reads_what_a_redis_moved_that_did_not_know_the_script(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.put([b"1"])
    client.script_flush()
    moved = queue.intake(0.1, START, Lone("one", START, 10))
    assert (moved.messages, list(moved.entries)) == (1, [])  # the script ran behind the read
    assert [entry.raw for entry in queue.intake(0, START, Lone("one", START, 10)).entries] == [b"1"]


def fill(queue: RedisQueue, count: int, size: int = 1000) -> list[str]:
    """Messages on the bus, and the ids of all that are there."""
    for first in range(0, count, 100):
        queue.put([b"x" * size] * min(100, count - first))
        while queue.waiting():
            queue.intake(0)
    return [entry.id for entry in queue.read(START, 1_000_000, 0)]


@pytest.mark.parametrize("size", [100, 1000, 3900, 4100, 5000, 20_000, 50_000])
def test_the_bytes_of_the_bus_are_counted_as_redis_takes_them(redis_url: str, client: redis.Redis, size: int) -> None:
    queue = RedisQueue(plain_client(redis_url))
    fill(queue, 2_000_000 // size, size)
    true = client.memory_usage(BUS, samples=0)
    assert 0.85 * true < queue.memory().bus < 1.3 * true  # with jemalloc closer: see marks.lua


def test_the_bus_is_bounded_by_bytes_and_keeps_the_newest(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.bus_bytes = 500_000
    ids = fill(queue, 3_000)
    assert number_of(ids[-1]) == 3_000
    assert [number_of(one) for one in ids] == list(range(3_001 - len(ids), 3_001))
    assert 350 <= len(ids) <= 470
    assert 350_000 <= queue.memory().bus <= 500_000
    assert client.llen(MARKS) <= 12


@pytest.mark.parametrize("count", [8, 9, 10, 17, 40, 100, 257])
def test_a_bus_that_a_cursor_held_is_back_at_its_bytes_with_the_next_message(
    redis_url: str, client: redis.Redis, count: int
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.bus_bytes = 500_000
    queue.begin_keeping("history")
    ids = fill(queue, count, 60_000)
    assert len(ids) == count
    queue.keep("history", ids[-1], [])
    after = fill(queue, 1, 60_000)
    assert after[-1] not in ids
    assert 350_000 <= queue.memory().bus <= 500_000
    assert client.llen(MARKS) <= 10


def test_a_cursor_that_stands_still_holds_the_bus_for_those_who_move_it(redis_url: str, client: redis.Redis) -> None:
    ours, others = (RedisQueue(plain_client(redis_url)) for _ in range(2))
    for queue in (ours, others):
        queue.bus_bytes = 500_000
    ours.begin_keeping("history")
    client.zadd(MOMENTS, {"cursor history": 1})
    assert len(fill(ours, 20, 50_000)) == 20
    assert len(fill(others, 1, 50_000)) < 10


def test_a_cursor_of_a_stream_of_another_kind_holds_nothing(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.bus_bytes = 500_000
    queue.begin_keeping("once:mail")
    client.delete(MOMENTS)
    client.set("{queue:rtserver}:once:mail", "no stream")
    assert len(fill(queue, 20, 50_000)) < 10


def test_marks_go_with_what_is_trimmed_by_length_and_begin_anew_with_the_bus(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url), bus_length=200)
    fill(queue, 5_000)
    assert client.llen(MARKS) <= 12
    client.delete(BUS)
    queue.put([b"first"])
    assert queue.intake(0).bytes < 100
    assert client.llen(MARKS) == 1


def test_what_all_have_passed_lately_is_trimmed_and_no_more(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    ids = fill(queue, 1_000)
    queue.commit_offsets("one", {"a": ids[-1], "b": ids[600]})
    queue.commit_offsets("gone", {"a": ids[10]})
    queue.keep("users", ids[700], [])
    client.zadd(MOMENTS, {"lane gone/a": 1})
    first = queue.trim(900_000, 3600)
    assert 70 < first.entries < 250
    assert queue.trim(0, 3600) == (601 - first.entries, 0)
    assert queue.range(START, ids[-1], 1)[0].id == ids[601]
    queue.commit_offsets("one", {"b": ids[-1]})
    queue.trim(0, 3600)
    assert queue.range(START, ids[-1], 1)[0].id == ids[701], "what is not derived yet stays"


def test_a_place_without_a_moment_counts_from_the_first_time_it_is_seen(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    ids = fill(queue, 100)
    client.hset(POSITIONS, mapping={"old/a": ids[9], "old/b": "no place"})
    assert queue.trim(0, 3600) == (10, 0)
    assert queue.trim(0, 3600) == (0, 0)
    moment = client.zscore(MOMENTS, "lane old/a")
    assert moment is not None
    assert abs(moment / 1000 - time.time()) < 60


def test_what_is_trimmed_before_somebody_has_had_it_is_counted(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    ids = fill(queue, 100)
    queue.commit_offsets("slow", {"a": ids[39]})
    assert queue.trim(0, 3600, 60.0) == (40, 0)
    ms = order_of(ids[-1])[0]
    while queue.trim(0, 3600, 0.001).unread == 0:  # they have to be older than that
        assert time.time() * 1000 - ms < 5_000
    assert client.xlen(BUS) <= 1


def test_the_largest_keys_are_named(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    fill(queue, 1_000)
    queue.put([b"x" * 100_000])
    client.set("another's", b"x" * 10_000_000)
    queue.keep("users", "1-1", [Kept("user:7", "1-1", b"x" * 400_000)])
    assert [name for name, _ in queue.largest(3)] == [BUS, "{queue:rtserver}:user:7", LIST]


def test_the_twin_in_memory_gives_the_same_verdicts(redis_url: str) -> None:
    chance = random.Random(10)
    queue = RedisQueue(plain_client(redis_url), repeat_seconds=1)
    twin = MemoryQueue(repeat_seconds=1)
    for each in (queue, twin):
        each.put([b"on the bus"] * 400)  # so that no name is forgotten
        each.intake(0)
    bus, ms = [], 10_000
    for number in range(1, 300):
        ms += chance.randrange(400)
        bus.append(Named(f"{ms}-{number}", chance.choice((b"a", b"b", b"c"))))
    for _ in range(300):
        first = chance.randrange(len(bus))
        part = bus[first : first + chance.randrange(1, 20)]
        assert queue.bind(part) == twin.bind(part)


def test_names_are_forgotten_in_time(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url), repeat_seconds=1)
    queue.bind([Named("1000-1", b"a")])
    queue.bind([Named("3000-2", b"b")])  # it took the place of the first table
    queue.bind([Named("3000-3", b"c")])
    assert client.hexists(BEFORE, b"a")
    queue.bind([Named("9000-4", b"d")])
    assert not client.hexists(BEFORE, b"a")
    queue.bind([Named("9000-5", b"e")])
    for key in (NAMES, BEFORE):
        assert 0 < client.pttl(key) <= redis_queue.NAME_MS


def test_messages_without_an_id_leave_no_name(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.put([b'{"src":"me","data":{"id":1}}', b'{"src":"me"}'])
    queue.intake(0.1)
    assert queue.bind([]).untold == 0
    assert not client.exists(NAMES)


def test_a_queue_of_another_name_has_keys_of_its_own(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url), "other")
    queue.put([b"1"])
    queue.intake(0.1)
    queue.bury([DeadLetter(b"1", "bad_json", "", "", 0.0)])
    queue.put([b"2"])
    names = {key.decode() for key in client.scan_iter()}
    assert names == {"other", *(f"{{other}}:{name}" for name in ("bus", "dead", "bus:bytes", "bus:marks"))}


def test_the_dead_letters_are_bounded(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url), dead_length=100)
    for _ in range(10):
        queue.bury([DeadLetter(b"x", "bad_json", "", "", 0.0)] * 100)
    assert 100 <= client.xlen(DEAD) <= 300


def test_the_fields_of_a_dead_letter_are_readable_with_any_client(redis_url: str, client: redis.Redis) -> None:
    RedisQueue(plain_client(redis_url)).bury([DeadLetter(b"{", "bad_json", "too short", "me", 1.5)])
    [(_, fields)] = client.xrange(DEAD)
    assert fields == {b"reason": b"bad_json", b"detail": b"too short", b"src": b"me", b"raw": b"{", b"at": b"1500"}


def test_a_redis_that_is_not_there_is_an_error_with_the_address_and_without_the_password(free_port: int) -> None:
    queue = RedisQueue(plain_client(f"redis://:secret@127.0.0.1:{free_port}/3"))
    with pytest.raises(QueueAwayError) as caught:
        queue.put([b"1"])
    assert caught.value.address == f"redis://127.0.0.1:{free_port}/3"
    assert "secret" not in str(caught.value)


def test_the_address_of_a_unix_socket_is_its_path() -> None:
    assert RedisQueue(gevent_client("unix:///run/redis.sock")).address == "unix:///run/redis.sock"


def test_a_url_of_another_kind_is_refused_without_showing_it() -> None:
    with pytest.raises(ValueError, match="not with 'http'") as caught:
        gevent_client("http://me:secret@example.com")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("connect", [plain_client, gevent_client])
def test_after_a_restart_of_redis_the_same_queue_goes_on(tmp_path: Path, connect: object) -> None:
    with RedisProcess(tmp_path) as server:
        queue = RedisQueue(connect(server.url))  # type: ignore[operator]
        queue.put([b"before"])
        last_id = queue.intake(0.1).newest_id
        server.stop()
        with pytest.raises(QueueAwayError):
            queue.read(last_id, 10, 0.01)
        server.start()
        queue.put([b"after"])
        queue.intake(0.1)
        assert [entry.raw for entry in queue.read(last_id, 10, 0.01)] == [b"after"]
        queue.close()


def test_a_peer_that_stopped_answering_is_noticed_on_a_gevent_socket(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server:
        client = gevent_client(server.url + "?socket_timeout=0.5")
        queue = RedisQueue(client)
        queue.put([b"1"])
        server.freeze()
        with pytest.raises(QueueAwayError, match=r"[Tt]imeout"):
            queue.newest_id()
        client.close()


def test_other_greenlets_go_on_while_one_waits_for_redis(redis_url: str) -> None:
    queue = RedisQueue(gevent_client(redis_url))
    waiting = [gevent.spawn(queue.intake, 2.0), gevent.spawn(queue.read, START, 10, 2.0)]
    ticks = 0
    while ticks < 20:
        gevent.sleep(0.001)
        ticks += 1
    assert not any(greenlet.ready() for greenlet in waiting)
    queue.put([b"1"])
    assert set(gevent.wait(waiting, timeout=1.5)) == set(waiting)
    assert [entry.raw for entry in waiting[1].get()] == [b"1"]
    queue.close()


def test_gevent_reaches_a_redis_on_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with RedisProcess(tmp_path, "--unixsocket", str(path)):
        queue = RedisQueue(gevent_client(f"unix://{path}"))
        queue.put([b"1"])
        assert queue.waiting() == 1
        queue.close()


def test_gevent_reaches_a_redis_behind_tls_and_checks_its_certificate(tmp_path: Path, certificate: Path) -> None:
    options = ("--tls-cert-file", "--tls-key-file", "--tls-ca-cert-file")
    files = [word for option in options for word in (option, str(certificate))]
    with RedisProcess(tmp_path, *files, "--tls-auth-clients", "no") as server:
        with server.client() as client:
            client.config_set("port", 0)
            client.config_set("tls-port", server.port)
        url = f"rediss://localhost:{server.port}/0"
        stranger = RedisQueue(gevent_client(url))
        with pytest.raises(QueueAwayError, match=r"(?i)certificate"):
            stranger.waiting()
        queue = RedisQueue(gevent_client(f"{url}?ssl_ca_certs={certificate}"))
        waiting = gevent.spawn(queue.intake, 2.0)
        for _ in range(20):
            gevent.sleep(0.001)
        assert not waiting.ready(), "somebody else's wait is over when this greenlet's turn comes"
        queue.put([b"1"])
        assert waiting.get(timeout=1.5).messages == 1
        assert queue.address == url
        queue.close()


def test_no_wait_is_longer_than_the_socket_s_patience(redis_url: str) -> None:
    queue = RedisQueue(plain_client(f"{redis_url}?socket_timeout=1.0"))
    assert queue.read(START, 10, 60.0) == []
    assert queue.intake(60.0).messages == 0
    queue.close()


KEPT, SECONDS = "{queue:rtserver}:user:7", 3600
DAY_OF_ENTRIES = Bound(length=2, seconds=SECONDS)


def keep(queue: RedisQueue, *ids: str) -> int:
    return queue.keep("users", ids[-1], [Kept("user:7", entry_id, b"x") for entry_id in ids], DAY_OF_ENTRIES)


def an_id(number: int) -> str:
    return f"{time.time_ns() // 1_000_000}-{number}"


def gone(queue: RedisQueue, after: str) -> Gone | None:
    [found] = queue.kept("users", ["user:7"], after, after, 1)
    return found.gone


def test_all_keys_of_what_is_kept_share_the_queues_hash_tag(redis_url: str, client: redis.Redis) -> None:
    keep(RedisQueue(plain_client(redis_url), "other"), an_id(1), an_id(2), an_id(3))
    assert {key.decode() for key in client.scan_iter()} == {
        *(
            "{other}:kept:users",
            "{other}:born:users",
            "{other}:user:7",
            "{other}:newest:user:7",
            "{other}:trimmed:user:7",
            "{other}:moments",
        )
    }


def test_a_bounded_stream_expires_and_what_is_known_of_it_later(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    keep(queue, an_id(1), an_id(2), an_id(3))
    assert SECONDS <= client.ttl(KEPT) <= 1.05 * SECONDS
    for name in ("newest", "trimmed"):
        assert client.ttl(f"{{queue:rtserver}}:{name}:user:7") > 20 * SECONDS
    assert client.ttl("{queue:rtserver}:kept:users") == -1


def test_after_a_stream_has_expired_it_is_known_who_missed_something(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    one, two = an_id(1), an_id(2)
    keep(queue, one, two)
    client.delete(KEPT)  # as the expiry does
    assert (gone(queue, one), gone(queue, two)) == (Gone.EXPIRED, None)
    keep(queue, an_id(3))
    assert (gone(queue, one), gone(queue, two)) == (Gone.TRIMMED, None)


def test_the_note_of_the_newest_id_is_whole_and_outlives_the_stream_however_often_it_changes(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    ids = [an_id(number) for number in (1, 2, 10, 11, 3_000)]
    for one in ids:
        keep(queue, one)
        assert client.get("{queue:rtserver}:newest:user:7") == one.encode()
        assert client.ttl("{queue:rtserver}:newest:user:7") > 20 * SECONDS
    client.delete(KEPT)
    assert (gone(queue, ids[-2]), gone(queue, ids[-1])) == (Gone.EXPIRED, None)


def test_one_who_is_late_does_not_make_a_stream_look_older_than_it_is(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    one, two = an_id(1), an_id(2)
    keep(queue, one, two)
    client.delete("{queue:rtserver}:kept:users")
    assert keep(queue, one) == 0
    assert client.get("{queue:rtserver}:newest:user:7") == two.encode()


def test_an_entry_that_is_too_old_already_is_gone_at_once_and_again(redis_url: str) -> None:
    queue = RedisQueue(plain_client(redis_url))
    old = "1362150000000-1"
    queue.keep("users", "1-1", [])
    kept = [Kept("user:7", old, b"x")]
    assert [queue.keep("users", START, kept, DAY_OF_ENTRIES) for _ in range(2)] == [1, 0]
    queue.keep("users", old, [])
    assert (gone(queue, "1-1"), gone(queue, old)) == (Gone.TRIMMED, None)


def test_a_keep_that_is_refused_half_way_is_completed_by_the_next(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    client.set("{queue:rtserver}:once:b", "no stream")
    kept = [Kept(f"once:{name}", an_id(number), b"x") for number, name in enumerate("abc", 1)]
    with pytest.raises(QueueRefusedError, match=r"\{queue:rtserver\}:once:b is a string, not a stream"):
        queue.keep("work", kept[-1].id, kept)
    assert queue.kept_until("work") == START
    client.delete("{queue:rtserver}:once:b")
    assert queue.keep("work", kept[-1].id, kept) == 2
    assert queue.kept_until("work") == kept[-1].id


def test_a_message_to_many_crosses_to_redis_once_for_each_portion(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    entry_id, raw = an_id(1), b"x" * 100_000
    queue.keep("users", entry_id, [])  # the connection is up
    before = client.info("stats")["total_net_input_bytes"]
    queue.keep("users", an_id(2), [Kept(f"user:{user}", an_id(2), raw) for user in range(50)])
    assert client.info("stats")["total_net_input_bytes"] - before < 2 * len(raw)


def prefixed(*names: str) -> list[str]:
    return [f"{{queue:rtserver}}:{name}" for name in names]


def test_a_key_of_another_kind_at_a_user_costs_that_user_only_until_it_is_gone(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    before, one, two = an_id(1), an_id(2), an_id(3)
    queue.keep("users", before, [])
    [odd] = prefixed("user:8")
    client.set(odd, "no stream")
    kept = [Kept(f"user:{user}", one, LARGE) for user in (7, 8, 9)]
    assert queue.keep("users", one, kept, DAY_OF_ENTRIES) == 2
    assert queue.kept_until("users") == one
    found = queue.kept("users", ["user:7", "user:8", "user:9"], before, one, 10)
    assert [(each.entries, each.gone) for each in found] == [
        ([Entry(one, LARGE)], None),
        ([], Gone.UNKNOWN),
        ([Entry(one, LARGE)], None),
    ]
    assert [queue.broken(), queue.broken()] == [[odd], [odd]]
    client.delete(odd)
    assert queue.broken() == []
    [found_8] = queue.kept("users", ["user:8"], before, one, 10)
    assert found_8.gone is Gone.EXPIRED  # what came meanwhile is lost to this user, who is told
    assert queue.keep("users", two, [Kept("user:8", two, b"x")], DAY_OF_ENTRIES) == 1
    assert queue.kept("users", ["user:8"], before, two, 10) == [([Entry(two, b"x")], Gone.TRIMMED)]
    assert queue.kept("users", ["user:8"], one, two, 10) == [([Entry(two, b"x")], None)]


NO_PLACES = [
    "",
    "garbage",
    "1",
    "1-",
    "-1",
    "1-1x",
    "1-1\n",
    "\xff-1",
    "9" * 16 + "-1",
    f"1-{2**64}",
    "1-" + "9" * 30,
]


@pytest.mark.parametrize("note", ["newest:user:7", "trimmed:user:7"])
@pytest.mark.parametrize("text", [None, *NO_PLACES])
def test_a_note_about_a_stream_that_cannot_be_read_is_that_user_s_trouble_and_gives_way(
    redis_url: str, client: redis.Redis, note: str, text: str | None
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    one, two, three, four = (an_id(number) for number in range(1, 5))
    for user in (7, 8):
        keep_for(queue, range(user, user + 1), one)
    client.delete(*prefixed(note))
    make_odd(client, note, text)
    found = queue.kept("users", ["user:7", "user:8"], one, one, 1)
    assert [each.gone for each in found] == [Gone.UNKNOWN, None]
    assert queue.broken() == prefixed(note)
    assert keep_for(queue, range(7, 9), two, three, four) == 6
    assert queue.broken() == []
    assert gone(queue, four) is None


def make_odd(client: redis.Redis, name: str, text: str | None) -> None:
    """None is a hash, where text is wanted."""
    [key] = prefixed(name)
    if text is None:
        client.hset(key, "a", "b")
    else:
        client.set(key, text.encode("latin-1"))


@pytest.mark.parametrize("text", [None, *NO_PLACES])
def test_what_was_seen_and_cannot_be_read_counts_as_nothing_seen(
    redis_url: str, client: redis.Redis, text: str | None
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    make_odd(client, "seen:7", text)
    assert queue.seen("7") == START
    assert queue.broken() == prefixed("seen:7")
    queue.see({"6": "10-1", "7": "10-2", "8": "10-3"}, SECONDS)
    assert [queue.seen(user) for user in "678"] == ["10-1", "10-2", "10-3"]
    assert queue.broken() == []


@pytest.mark.parametrize("name", ["kept:users", "born:users"])
@pytest.mark.parametrize("text", [None, *NO_PLACES])
def test_a_cursor_that_cannot_be_read_counts_as_none(
    redis_url: str, client: redis.Redis, name: str, text: str | None
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.put([b"1"])
    newest = queue.intake(0.1).newest_id
    make_odd(client, name, text)
    assert queue.begin_keeping("users") == newest
    assert client.mget(prefixed("kept:users", "born:users")) == [newest.encode()] * 2
    assert queue.broken() == prefixed(name)  # once, as it is in order again
    assert queue.broken() == []
    make_odd_again(client, name, text)
    queue.put([b"2"])
    later = queue.intake(0.1).newest_id
    assert queue.kept_until("users") == (START if name == "kept:users" else newest)
    assert queue.keep("users", later, [Kept("user:7", later, b"x")], DAY_OF_ENTRIES) == 1
    assert queue.kept_until("users") == later


def make_odd_again(client: redis.Redis, name: str, text: str | None) -> None:
    client.delete(*prefixed(name))
    make_odd(client, name, text)


@pytest.mark.parametrize("text", NO_PLACES)
def test_a_position_that_cannot_be_read_counts_as_none(redis_url: str, client: redis.Redis, text: str) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.put([b"1"])
    newest = queue.intake(0.1).newest_id
    [positions] = prefixed("positions")
    client.hset(positions, mapping={"w/a": text.encode("latin-1"), "w/b": newest})
    assert queue.committed_offsets("w", ["a", "b", "c"]) == {"b": newest}
    assert queue.broken() == [positions]
    queue.commit_offsets("w", {"a": newest})
    assert queue.committed_offsets("w", ["a"]) == {"a": newest}


def test_positions_of_another_kind_count_as_none_until_they_are_gone(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.put([b"1"])
    newest = queue.intake(0.1).newest_id
    [positions] = prefixed("positions")
    client.set(positions, "no hash")
    assert queue.committed_offsets("w", ["a"]) == {}
    queue.commit_offsets("w", {"a": newest})
    assert queue.broken() == [positions]
    client.delete(positions)
    assert queue.broken() == []
    queue.commit_offsets("w", {"a": newest})
    assert queue.committed_offsets("w", ["a"]) == {"a": newest}


def test_names_of_letters_of_another_kind_let_letters_be_buried_all_the_same(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    [names] = prefixed("buried")
    client.set(names, "no sorted set")
    letter = DeadLetter(b"{", "bad_json", "", "me", 1.5, entry="7-1")
    queue.bury([letter])
    assert len(queue.dead_letters(START, 10)) == 1
    assert queue.broken() == [names]
    client.delete(names)
    assert queue.broken() == []
    queue.bury([letter])
    queue.bury([letter])
    assert len(queue.dead_letters(START, 10)) == 2


LARGE = b"x" * 1_000


def keep_for(queue: RedisQueue, users: range, *ids: str, bound: Bound = DAY_OF_ENTRIES) -> int:
    kept = [Kept(f"user:{user}", entry_id, LARGE) for entry_id in ids for user in users]
    return queue.keep("users", ids[-1], kept, bound)


def bodies(client: redis.Redis) -> dict[str, int]:
    keys = client.scan_iter("{queue:rtserver}:body:*")
    return {key.decode().rpartition(":")[2]: int(client.hget(key, "refs")) for key in keys}


def test_a_message_for_many_is_stored_once_and_one_for_a_single_user_in_his_stream(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    one, two = an_id(1), an_id(2)
    keep_for(queue, range(600), one)
    keep_for(queue, range(1), two)
    assert bodies(client) == {one: 600}
    assert client.xrange("{queue:rtserver}:user:0") == [
        (one.encode(), {b"ref": b""}),
        (two.encode(), {b"raw": LARGE}),
    ]


def test_ten_thousand_users_cost_about_the_list_of_them(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    one, two, large = an_id(1), an_id(2), b"y" * 100_000
    keep_for(queue, range(10_000), one, bound=Bound(1_000, SECONDS))
    before = client.info("memory")["used_memory"]
    queue.keep("users", two, [Kept(f"user:{user}", two, large) for user in range(10_000)], Bound(1_000, SECONDS))
    assert client.info("memory")["used_memory"] - before < 3_000_000  # a copy for each would be a thousand


def test_the_first_message_of_a_user_takes_no_more_than_it_needs(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    one, two, three = an_id(1), an_id(2), an_id(3)
    keep_for(queue, range(2), one)
    [stream] = prefixed("user:0")
    assert client.memory_usage(stream) < 1_000  # Redis by itself sets 4 KB aside
    assert 0 < client.ttl(stream) <= 1.1 * SECONDS
    keep_for(queue, range(2), two, three)
    assert client.memory_usage(stream) < 1_000
    [found] = queue.kept("users", ["user:0"], START, three, 10)
    assert [entry.id for entry in found.entries] == [two, three]
    assert client.xinfo_stream(stream)["last-generated-id"] == three.encode()


def test_who_may_not_restore_keys_keeps_messages_all_the_same(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server, server.client() as client:
        client.execute_command("ACL", "SETUSER", "default", "-restore", "-dump")
        queue = RedisQueue(plain_client(server.url))
        assert keep_for(queue, range(2), an_id(1)) == 2
        queue.close()


def test_a_body_goes_with_the_last_stream_that_refers_to_it(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    one, two, three, four, five = (an_id(number) for number in range(1, 6))
    keep_for(queue, range(3), one)
    keep_for(queue, range(2), two, three)
    assert bodies(client) == {one: 1, two: 2, three: 2}
    keep_for(queue, range(3), four)
    assert bodies(client) == {one: 1, three: 2, four: 3}
    keep_for(queue, range(2, 3), five)
    assert bodies(client) == {three: 2, four: 3}


def test_keeping_again_counts_no_reference_twice(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    one = an_id(1)
    for _ in range(2):
        keep_for(queue, range(600), one)
        client.delete("{queue:rtserver}:kept:users")  # as one who was killed before the last portion
    assert bodies(client) == {one: 600}


def test_a_body_outlives_every_stream_and_not_by_much(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    one = an_id(1)
    keep_for(queue, range(2), one)
    assert client.ttl("{queue:rtserver}:user:0") < client.ttl(f"{{queue:rtserver}}:body:{one}") <= 1.1 * SECONDS
    ahead = f"{time.time_ns() // 1_000_000 + 600_000}-2"  # the clock was set back
    keep_for(queue, range(2), ahead)
    assert SECONDS + 600 <= client.ttl(f"{{queue:rtserver}}:body:{ahead}") <= 1.1 * SECONDS + 600


def test_an_entry_whose_body_is_gone_is_told_as_gone_and_hides_no_other(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    ids = [an_id(number) for number in range(1, 7)]
    keep_for(queue, range(2), *ids, bound=Bound(10, SECONDS))
    for entry_id in (ids[1], ids[2]):
        client.delete(f"{{queue:rtserver}}:body:{entry_id}")
    [found] = queue.kept("users", ["user:0"], ids[0], ids[-1], 2)
    assert ([entry.id for entry in found.entries], found.gone) == (ids[3:5], Gone.TRIMMED)
    [found] = queue.kept("users", ["user:0"], ids[2], ids[-1], 10)
    assert ([entry.id for entry in found.entries], found.gone) == (ids[3:], None)


def test_what_was_kept_without_references_is_still_read(redis_url: str, client: redis.Redis) -> None:
    queue = RedisQueue(plain_client(redis_url))
    old, new = an_id(1), an_id(2)
    queue.keep("users", "1-1", [])
    for user in range(2):
        client.xadd(f"{{queue:rtserver}}:user:{user}", {"raw": LARGE}, id=old)
        client.set(f"{{queue:rtserver}}:newest:user:{user}", old)
    keep_for(queue, range(2), new)
    [found] = queue.kept("users", ["user:1"], START, new, 10)
    assert found.entries == [Entry(old, LARGE), Entry(new, LARGE)]


def test_what_users_have_seen_is_known_for_a_while(redis_url: str, client: redis.Redis) -> None:
    RedisQueue(plain_client(redis_url)).see({"7": "10-2"}, SECONDS)
    assert SECONDS - 5 <= client.ttl("{queue:rtserver}:seen:7") <= SECONDS


def test_a_redis_that_has_lost_everything_does_not_claim_that_nothing_was_there(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    before, one, two = an_id(1), an_id(2), an_id(3)
    keep(queue, before)
    client.flushall()
    assert gone(queue, before) == Gone.UNKNOWN
    keep(queue, one, two)
    assert [gone(queue, entry_id) for entry_id in (before, one, two)] == [Gone.UNKNOWN, None, None]


def test_two_workers_together_do_not_trim_what_either_has_yet_to_derive(redis_url: str) -> None:
    one, other = (RedisQueue(plain_client(redis_url), bus_length=10) for _ in range(2))
    one.begin_keeping("cursor")
    other.begin_keeping("cursor")
    one.put([b"x"] * 25)
    assert (one.intake(0).messages, other.intake(0).messages) == (10, 0)
    other.keep("cursor", other.newest_id(), [])
    assert one.intake(0).messages == 10


def test_a_cursor_of_another_kind_is_waited_for_and_a_derived_stream_of_another_kind_is_not(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url), bus_length=10)
    queue.begin_keeping("once:x")
    client.delete("{queue:rtserver}:kept:once:x")
    client.rpush("{queue:rtserver}:kept:once:x", "a list")
    queue.put([b"x"] * 25)
    assert queue.intake(0).messages == 10
    assert queue.intake(0).is_held
    client.set("{queue:rtserver}:once:x", "a string")
    assert [queue.intake(0).messages for _ in range(2)] == [10, 5]


def test_an_entry_of_another_format_is_refused_where_it_is_read_if_the_bus_is_noted_to_have_one(
    redis_url: str, client: redis.Redis
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    replica = RedisReplica(plain_client(redis_url), "queue:rtserver", "me")
    queue.put([b"old"])
    old = queue.intake(0).newest_id
    client.xadd(BUS, {"v2": "packed"}, id=f"{order_of(old)[0]}-2")
    reads: list[Callable[[], Any]] = [
        lambda: queue.read(START, 10, 0),
        lambda: queue.range(START, f"9{old}", 10),
        lambda: queue.intake(0, START, Lone("me", START, 10)).entries,
        lambda: replica.read(START, 10, 0).entries,
        lambda: replica.range(START, f"9{old}", 10).entries,
    ]
    for read in reads:
        assert [entry.raw for entry in read()] == [b"old", b"packed"]  # by hand: the second one is no message
    client.set("{queue:rtserver}:format", 2)
    for read in reads:
        with pytest.raises(QueueRefusedError, match="has format 2"):
            read()
    assert [entry.raw for entry in queue.read(START, 1, 0)] == [b"old"]
    replica.close()
    queue.close()


@pytest.mark.parametrize("number", [2**53 - 1, 2**53, 2**63 + 1, 2**64 - 1])
def test_an_entry_by_hand_with_a_number_that_cannot_be_counted_up_stops_no_intake(
    redis_url: str, client: redis.Redis, number: int
) -> None:
    queue = RedisQueue(plain_client(redis_url))
    queue.begin_keeping("users")
    milliseconds, _ = order_of(queue.newest_id())
    by_hand = f"{milliseconds + 600_000}-{number}"
    client.xadd("{queue:rtserver}:bus", {"raw": b"by hand"}, id=by_hand)
    for _ in range(3):
        queue.put([b"a", b"b"])
        assert queue.intake(0, by_hand).messages == 2
    entries = queue.range(START, queue.newest_id(), 10)
    assert [order_of(entry.id)[1] for entry in entries] == [number, *range(1, 7)]
    assert sorted(entries, key=lambda entry: order_of(entry.id)) == entries
    queue.commit_offsets("one", {"a": by_hand})
    assert queue.trim(0, 3600).entries == 0  # no cursor has passed it
    queue.keep("users", by_hand, [])
    assert queue.trim(0, 3600).entries == 1
    queue.close()


def test_neighbours_beyond_2_to_the_53_are_two_places(redis_url: str) -> None:
    queue = RedisQueue(plain_client(redis_url))
    for number in (2**53, 2**53 + 1, 2**53, 2**63, 2**63 + 1, 2**63):
        queue.see({"7": f"5-{number}", "8": f"5-{number}"}, 60)
    assert queue.seen("7") == f"5-{2**63 + 1}"
    queue.see({"7": "10-1", "8": "05-99"}, 60)
    assert (queue.seen("7"), queue.seen("8")) == ("10-1", f"5-{2**63 + 1}")
    queue.close()
