"""Contract of every topic: in Redis, and in memory its twin. The end of a lease is moved, not waited for."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tcelib.queue.error import MessageError, QueueRefusedError
from tcelib.queue.memory import memory_stream
from tcelib.queue.memory_topic import MemoryTopic
from tcelib.queue.message import DeadLetter, Message
from tcelib.queue.port import Queue, ReliableQueue
from tcelib.queue.redis_stream import redis_stream
from tcelib.queue.redis_topic import RedisTopic
from tcelib.queue.topic import Topic
from tcelib.redis.redis_connection import plain_client
from tests.redis_process import RedisProcess
from tests.tcelib.queue.rig import Clock, taken

NAME, ONE, TWO = "topic:alarms", "queue:one", "queue:two"


class MemoryTopicRig:
    """A topic in memory, and queues by name."""

    def __init__(self) -> None:
        self.now = Clock()
        self._queues: dict[str, ReliableQueue[DeadLetter]] = {}
        self.topic: Topic = MemoryTopic(NAME, self.queue, self.now)

    def queue(self, name: str) -> Queue:
        return self._queues.setdefault(name, memory_stream(name, [], now=self.now))

    def pass_by(self, seconds: float) -> None:
        self.now.pass_by(seconds)

    def close(self) -> None:
        """Nothing is open."""


class RedisTopicRig:
    """A topic in Redis. Time passes because all ends come nearer."""

    def __init__(self, url: str) -> None:
        self._redis = plain_client(url)
        self.client = redis.Redis.from_url(url)
        self.topic: Topic = RedisTopic(self._redis, NAME)

    def queue(self, name: str) -> Queue:
        return redis_stream(self._redis, name)

    def pass_by(self, seconds: float) -> None:
        for queue in self.client.zrange(NAME, 0, -1):
            self.client.zincrby(NAME, -seconds * 1000, queue)

    def close(self) -> None:
        self._redis.close()
        self.client.close()


@pytest.fixture(params=["memory", "redis"])
def rig(request: pytest.FixtureRequest) -> Iterator[MemoryTopicRig | RedisTopicRig]:
    rig = MemoryTopicRig() if request.param == "memory" else RedisTopicRig(request.getfixturevalue("redis_url"))
    yield rig
    rig.close()


@pytest.fixture
def redis_rig(redis_url: str) -> Iterator[RedisTopicRig]:
    rig = RedisTopicRig(redis_url)
    yield rig
    rig.close()


def test_a_topic_without_subscribers_reaches_nobody(rig: MemoryTopicRig | RedisTopicRig) -> None:
    assert rig.topic.publish([Message(b"1")]) == 0
    assert rig.topic.subscribers() == []
    assert not rig.topic.unsubscribe(ONE)


def test_each_subscriber_gets_each_message_in_order(rig: MemoryTopicRig | RedisTopicRig) -> None:
    for queue in (ONE, TWO):
        rig.topic.subscribe(queue, 60)
    assert rig.topic.subscribers() == [ONE, TWO]
    headers = {"level": "urgent"}
    assert rig.topic.publish([Message(b"1", headers), Message(b"2")]) == 2
    assert rig.topic.publish([Message(b"3")]) == 2
    assert rig.topic.publish([]) == 2
    for queue in (ONE, TWO):
        found = rig.queue(queue).take("a", 9, 0)
        assert [delivery.body for delivery in found] == [b"1", b"2", b"3"]
        assert found[0].message.headers == headers


def test_readers_of_one_queue_share_what_its_subscription_brings(rig: MemoryTopicRig | RedisTopicRig) -> None:
    rig.topic.subscribe(ONE, 60)
    rig.topic.publish([Message(b"1"), Message(b"2")])
    assert [taken(rig.queue(ONE), reader, 1) for reader in "ab"] == [[b"1"], [b"2"]]


def test_after_the_end_of_a_subscription_nothing_comes_and_what_came_stays(
    rig: MemoryTopicRig | RedisTopicRig,
) -> None:
    rig.topic.subscribe(ONE, 60)
    rig.topic.subscribe(TWO, 60)
    rig.topic.publish([Message(b"1")])
    assert rig.topic.unsubscribe(ONE)
    assert not rig.topic.unsubscribe(ONE)
    assert rig.topic.publish([Message(b"2")]) == 1
    assert taken(rig.queue(ONE)) == [b"1"]
    assert taken(rig.queue(TWO)) == [b"1", b"2"]


def test_a_subscription_that_is_not_renewed_ends(rig: MemoryTopicRig | RedisTopicRig) -> None:
    rig.topic.subscribe(ONE, 60)
    rig.topic.subscribe(TWO, 60)
    rig.pass_by(50)
    rig.topic.subscribe(TWO, 60)
    rig.pass_by(11)
    assert rig.topic.subscribers() == [TWO]
    assert rig.topic.publish([Message(b"1")]) == 1
    assert taken(rig.queue(ONE)) == []
    assert taken(rig.queue(TWO)) == [b"1"]


@pytest.mark.parametrize("name", ["", "a b", "{a}"])
def test_a_bad_name_is_refused(rig: MemoryTopicRig | RedisTopicRig, name: str) -> None:
    with pytest.raises(MessageError, match="the name of a queue"):
        rig.topic.subscribe(name, 60)
    assert rig.topic.subscribers() == []


def test_an_ended_subscription_is_forgotten_with_the_next_message(redis_rig: RedisTopicRig) -> None:
    redis_rig.topic.subscribe(ONE, 60)
    redis_rig.pass_by(61)
    redis_rig.topic.publish([Message(b"1")])
    assert redis_rig.client.exists(NAME) == 0


def test_one_queue_of_another_kind_is_named_and_nobody_gets_anything(redis_rig: RedisTopicRig) -> None:
    for queue in (ONE, TWO):
        redis_rig.topic.subscribe(queue, 60)
    redis_rig.client.rpush(TWO, "x")
    with pytest.raises(QueueRefusedError, match="queue:two is a list, not a stream"):
        redis_rig.topic.publish([Message(b"1")])
    with pytest.raises(QueueRefusedError, match="queue:two is a list, not a stream"):
        redis_rig.topic.subscribe(TWO, 60)
    assert redis_rig.client.exists(ONE) == 0


def test_a_topic_that_is_a_key_of_another_kind_is_named(redis_rig: RedisTopicRig) -> None:
    redis_rig.client.set(NAME, "x")
    acts = (
        lambda: redis_rig.topic.publish([Message(b"1")]),
        lambda: redis_rig.topic.subscribe(ONE, 60),
        lambda: redis_rig.topic.unsubscribe(ONE),
        redis_rig.topic.subscribers,
    )
    for act in acts:
        with pytest.raises(QueueRefusedError, match="topic:alarms is a string, not a zset"):
            act()
    assert redis_rig.client.keys() == [NAME.encode()]


def test_in_a_full_redis_no_subscriber_gets_anything(tmp_path: Path) -> None:
    with RedisProcess(tmp_path) as server, server.client() as client:
        topic = RedisTopic(redis_client := plain_client(server.url), NAME)
        for queue in (ONE, TWO):
            topic.subscribe(queue, 60)
        client.config_set("maxmemory", 1)
        with pytest.raises(QueueRefusedError, match="OOM"):
            topic.publish([Message(b"1"), Message(b"2")])
        assert client.exists(ONE, TWO) == 0
        redis_client.close()
