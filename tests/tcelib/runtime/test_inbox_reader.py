"""Inboxes of a gateway that ends, and of those that died, in a real Redis."""

from collections.abc import Iterator, Sequence

import gevent
import gevent.event
import pytest

from tcelib.queue.message import Delivery
from tcelib.queue.redis_list import RedisListQueue
from tcelib.redis.redis_connection import RedisClient, plain_client
from tcelib.runtime.gateway import inbox_reader
from tcelib.runtime.gateway.inbox_reader import InboxReader
from tcelib.runtime.user_pushes import UserPlace
from tcelib.service.inbox import INBOXES, inbox_of
from tests.tcelib.runtime.gateway_rig import until_so

MINE, DEAD = inbox_of("mine"), inbox_of("dead")


class Users:
    """The users of a gateway: ``taken`` has what they got."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def take(self, body: bytes) -> None:
        self.taken.append(body)

    def expire(self, count: int) -> None:
        pass


@pytest.fixture
def client(redis_url: str) -> Iterator[RedisClient]:
    with plain_client(redis_url) as client:
        yield client


@pytest.fixture
def users() -> Users:
    return Users()


@pytest.fixture
def reader(redis_url: str, users: Users) -> Iterator[InboxReader]:
    """A reader that has not been started."""
    place = UserPlace(redis_url)
    reader = InboxReader(redis_url, MINE, place, users)  # type: ignore[arg-type]
    yield reader
    reader.close()
    place.close()


def leave(client: RedisClient, count: int) -> list[bytes]:
    """Messages in the inbox of a gateway that died."""
    bodies = [b"%d" % number for number in range(count)]
    client.call("SADD", INBOXES, DEAD)
    client.call("RPUSH", DEAD, *bodies)
    return bodies


def test_a_reader_that_ends_while_it_empties_the_inbox_of_a_dead_gateway_loses_nothing(
    client: RedisClient, reader: InboxReader, users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, entered, take = gevent.event.Event(), gevent.event.Event(), RedisListQueue.take

    def take_slowly(queue: RedisListQueue, name: str, count: int, timeout: float) -> Sequence[Delivery]:
        taken = take(queue, name, count, timeout)
        if queue.name == DEAD:
            entered.set()
            gate.wait()
        return taken

    monkeypatch.setattr(RedisListQueue, "take", take_slowly)
    monkeypatch.setattr(inbox_reader, "CLOSE_SECONDS", 60.0)
    bodies = leave(client, 2 * inbox_reader.MOST_AT_ONCE)
    reader.start()
    own, other = reader._greenlets
    assert entered.wait(60)
    closing = gevent.spawn(reader.close)
    until_so(lambda: own.dead, "the reader of the own inbox has ended")
    gevent.sleep(0)
    gate.set()
    until_so(lambda: closing.dead and other.dead, "all has ended")
    assert users.taken + client.call("LRANGE", DEAD, 0, -1) == bodies
    assert len(users.taken) == inbox_reader.MOST_AT_ONCE, "the rest is for others"


def test_a_name_that_is_no_text_keeps_no_inbox_from_being_emptied(
    client: RedisClient, reader: InboxReader, users: Users
) -> None:
    client.call("SADD", INBOXES, b"\xff")
    bodies = leave(client, 3)
    reader.start()
    until_so(lambda: users.taken == bodies, "the inbox is emptied")
