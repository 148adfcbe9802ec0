"""Answers to queues below that of the calls: callers that come and go have queues that no service was told of."""

from typing import Any, cast

import pytest
import redis

import tcelib as tce
from tcelib.queue.error import MessageError
from tcelib.transport.hub import answer_queue
from tcelib.transport.hub.answer_queue import AnswerQueues
from tcelib.wire.message import build_body
from tests.tcelib.transport.gevent_rig import QueueRig
from tests.tcelib.transport.rig import DEADLINE
from tests.tcelib.transport.talk import ECHO

lists = pytest.mark.parametrize("rig", ["redis_mq"], indirect=True)
streams = pytest.mark.parametrize("rig", ["redis_stream"], indirect=True)


def call(text: str, queue: str) -> bytes:
    params = ECHO.write_params(text)
    return build_body(1, 1, ECHO.route, paramsize=1, extra={"__mq_return__": queue}, params=params)


def text_of(body: bytes) -> bytes:
    return tce.RpcMessage.parse(body).paramstream[4:]


@lists
def test_an_answer_may_go_to_a_list_below_that_of_its_call(rig: QueueRig, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.rpush("requests", call("first", "requests/page-1"), call("second", "requests/page-2"))
        assert text_of(client.blpop(["requests/page-1"], DEADLINE)[1]) == b"first"
        assert text_of(client.blpop(["requests/page-2"], DEADLINE)[1]) == b"second"


@streams
def test_an_answer_may_go_to_a_stream_below_that_of_its_call(rig: QueueRig, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.xadd("requests", {"body": call("hello", "requests/page-1")})
        [(_, [(_, fields)])] = client.xread({"requests/page-1": "0"}, block=int(DEADLINE * 1000), count=1)
        assert text_of(fields[b"body"]) == b"hello"


@streams
@pytest.mark.parametrize("name", ["requests", "requestsabc", "other/requests/x", "requests/{x}", "requests/a b"])
def test_no_answer_goes_anywhere_else(rig: QueueRig, redis_url: str, name: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.xadd("requests", {"body": call("stray", name)})
        client.xadd("requests", {"body": call("last", "requests/page-1")})
        client.xread({"requests/page-1": "0"}, block=int(DEADLINE * 1000), count=1)
        keys = {key.decode() for key in client.scan_iter() if not key.startswith(b"{")}
        assert keys <= {"requests", "requests/page-1"}


class Opened:
    """A connection as ``AnswerQueues`` knows it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def test_the_queue_that_was_written_to_longest_ago_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_queue, "MOST_OPEN", 2)
    queues = AnswerQueues("calls", cast(Any, Opened))
    first, second = (cast(Opened, queues.find(f"calls/{name}")) for name in "ab")
    assert queues.find("calls/a") is first  # type: ignore[comparison-overlap]
    queues.find("calls/c")
    assert (first.is_closed, second.is_closed) == (False, True)
    queues.close()
    assert first.is_closed
    assert queues.find("calls") is None


def test_a_bad_name_opens_nothing() -> None:
    def refuse(name: str) -> Any:
        raise MessageError("the name of a queue", name)

    with pytest.raises(MessageError):
        AnswerQueues("calls", refuse).find("calls/{x}")
