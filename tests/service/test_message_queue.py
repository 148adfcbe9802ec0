import msgspec
import pytest
import redis

from rtserver.base.queue.memory_queue import MemoryQueue
from rtserver.base.queue.port import START, QueueAwayError
from rtserver.base.queue.redis_queue import DEFAULT_NAME, RedisQueue, plain_client
from rtserver.base.wire.json import JsonError
from rtserver.service.message import ServiceMessage
from rtserver.service.message_queue import ServiceMessageQueue
from tcelib.lease.port import Registration
from tcelib.lease.redis import RedisLeases


def message(msg_type: str, src: str, data: bytes, to: bytes = b"") -> ServiceMessage:
    return ServiceMessage(msg_type, src, msgspec.Raw(data), to=msgspec.Raw(to))


def test_a_producer_puts_and_a_reader_gets_through_a_real_redis(redis_url: str) -> None:
    producer = ServiceMessageQueue.connect(redis_url)
    producer.put("quote", "feed-1", [{"quote": "DEMO:AAPL:20130301"}])
    producer.put_many([("a", "me", 1), ("b", "me", None)])
    reader = ServiceMessageQueue.connect(redis_url)
    assert reader.get() == [
        message("quote", "feed-1", b'[{"quote":"DEMO:AAPL:20130301"}]', b'"DEMO:AAPL:20130301"'),
        message("a", "me", b"1"),
        message("b", "me", b"null"),
    ]
    assert reader.get(timeout=0) == []
    producer.close()
    reader.close()


def test_what_is_put_is_the_envelope_on_the_list_and_nothing_else(redis_url: str) -> None:
    ServiceMessageQueue.connect(redis_url, queue="mine").put("notice", "me", {"text": "Grüße / 你好"})
    [raw] = plain_client(redis_url).call("LRANGE", "mine", 0, -1)
    assert raw == '{"type":"notice","src":"me","data":{"text":"Grüße / 你好"}}'.encode()


def test_an_id_makes_a_second_try_harmless(redis_url: str) -> None:
    queue = ServiceMessageQueue.connect(redis_url)
    for _ in range(2):
        queue.put("n", "me", 1, id="order-7")
        queue.put_many([("n", "me", 2, 8), ("n", "me", 3)])
    [raw, *_] = plain_client(redis_url).call("LRANGE", "queue:rtserver", 0, -1)
    assert raw == b'{"type":"n","src":"me","data":1,"id":"order-7"}'
    assert [bytes(one.data) for one in queue.get()] == [b"1", b"2", b"3", b"3"]


def test_who_has_the_secret_signs_and_takes_only_what_is_signed(redis_url: str) -> None:
    queue = ServiceMessageQueue.connect(redis_url, secret="the secret")
    queue.put("n", "me", 1)
    ServiceMessageQueue.connect(redis_url).put("n", "me", 2)
    ServiceMessageQueue.connect(redis_url, secret="the new secret, the secret").put("n", "me", 3)
    queue.put_many([("n", "me", 4)])
    assert [bytes(one.data) for one in queue.get()] == [b"1", b"4"]
    letters = RedisQueue(plain_client(redis_url)).dead_letters(START, 10)
    assert [letter.reason for letter in letters] == ["bad_signature"] * 2


def test_getting_takes_at_most_count_and_goes_on_from_there() -> None:
    queue = ServiceMessageQueue(MemoryQueue())
    queue.put_many([("n", "me", number) for number in range(5)])
    got = [queue.get(count=2, timeout=0) for _ in range(4)]
    assert [[bytes(one.data) for one in part] for part in got] == [[b"0", b"1"], [b"2", b"3"], [b"4"], []]


def test_of_many_messages_one_that_json_cannot_say_stops_all(redis_url: str) -> None:
    queue = RedisQueue(plain_client(redis_url))
    with pytest.raises(JsonError):
        ServiceMessageQueue(queue).put_many([("n", "me", 1), ("n", "me", object())])
    assert queue.waiting() == 0


def test_what_is_no_message_is_buried_and_the_rest_is_got() -> None:
    memory = MemoryQueue()
    queue = ServiceMessageQueue(memory)
    memory.put([b"{", b"[]"])
    queue.put("n", "me", 1)
    assert queue.get(timeout=0) == [message("n", "me", b"1")]
    letters = memory.dead_letters(START, 10)
    assert [(letter.raw, letter.reason) for letter in letters] == [(b"{", "bad_json"), (b"[]", "bad_message")]


def test_a_producer_is_told_when_redis_is_not_there(free_port: int) -> None:
    queue = ServiceMessageQueue.connect(f"redis://127.0.0.1:{free_port}")
    with pytest.raises(QueueAwayError, match=str(free_port)):
        queue.put("n", "me", 1)


def test_the_log_warns_once_of_a_type_that_no_running_server_handles(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with plain_client(redis_url) as client:
        RedisLeases(client, DEFAULT_NAME).join(Registration("worker", "a", reads=("notice",)), 60.0)
    queue = ServiceMessageQueue.connect(redis_url)
    queue.put("notice", "me", 1)
    assert not caplog.records
    for number in range(2):
        queue.put("notise", "me", number)
    [record] = caplog.records
    assert 'no running server handles messages of type "notise"' in record.getMessage()
    queue.close()


def test_a_list_of_servers_that_cannot_be_read_is_no_matter_for_a_producer(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with redis.Redis.from_url(redis_url) as other:
        other.set("{queue:rtserver}:leases:end", "x")
        queue = ServiceMessageQueue.connect(redis_url)
        queue.put("notice", "me", 1)
        assert other.llen("queue:rtserver") == 1
    queue.close()
    assert not caplog.records
