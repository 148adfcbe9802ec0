"""Pushed messages over everything that may happen to a connection: real servers, a real Redis, real sockets."""

import json
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.redis_process import RedisProcess
from tests.running_server import RunningServer
from tests.service_queue import DEAD, ServiceQueue
from tests.websocket_client import WebSocketClient

USER_ID = 1


class Page:
    """A page of the user demo with RTClient's rules: what was missed first, nothing twice, the newest offset kept."""

    def __init__(self, offset: str | None = None) -> None:
        self.newest = offset
        self.got: list[Any] = []
        self.end: dict[str, Any] = {}
        self.ends: list[str | None] = []
        self._client: WebSocketClient | None = None
        self._held: list[dict[str, Any]] = []
        self._doubtful: list[dict[str, Any]] = []
        self._live_from: str | None = None
        self._is_resuming = False
        self._is_answered = False

    def connect(self, server: RunningServer, login: DemoLogin, **options: Any) -> None:
        """Come to a server, in place of the one before, and ask for what was missed."""
        self.leave()
        self._client = WebSocketClient.connect("127.0.0.1", server.port, "/rt/", login.headers, **options)
        userinfo = json.loads(self._client.recv_text())
        assert userinfo["type"] == "userinfo"
        self._live_from = userinfo["data"]["offset"]
        self._is_resuming = True
        self._client.send_text(json.dumps({"type": "resume", "data": {"offset": self.newest}}))

    def resume(self, server: RunningServer, login: DemoLogin, **options: Any) -> dict[str, Any]:
        """The same, up to the end of what was missed, which is returned."""
        self.connect(server, login, **options)
        self.end = {}
        while not self.end:
            self.read()
        return self.end

    def arrive(self, server: RunningServer, login: DemoLogin) -> None:
        """Come as a new page, and have seen whatever other tests have left for this user."""
        self.resume(server, login)
        if self.newest is not None:
            self.say_seen()
        self.got.clear()

    def read(self) -> None:
        """One message. Raises ``ConnectionError``, or what a frame that is no text makes of itself."""
        assert self._client is not None
        message = json.loads(self._client.recv_text())
        if message["type"] in ("resumed", "resume_lost"):
            self.ends.append(message["data"].get("reason"))
            if not self._is_resuming:
                return
            self.end = message
            self._is_resuming = False
            if message["data"].get("reason") == "unknown":
                self._begin_anew()
            held, self._held = self._held, []
            # While a server does not know yet what is live, what was missed is among them.
            for each in sorted(held, key=lambda message: order(message["offset"])):
                self._take(each)
        elif message["type"] == "ping":
            self._is_answered = True
        elif "offset" in message:
            may_be_live = self._live_from is None or order(message["offset"]) > order(self._live_from)
            if self._is_resuming and may_be_live:
                self._held.append(message)
            elif self._is_resuming and self.newest and order(message["offset"]) <= order(self.newest):
                self._doubtful.append(message)
            else:
                self._take(message)

    def say_seen(self) -> None:
        """Have the server know what came; returns when it does."""
        assert self._client is not None
        self._client.send_text(json.dumps({"type": "seen", "data": {"offset": self.newest}}))
        self._client.send_text('{"type":"ping"}')
        self._is_answered = False
        while not self._is_answered:
            self.read()

    def read_until(self, count: int) -> None:
        """Until so many messages have come since the beginning."""
        while len(self.got) < count:
            self.read()

    def leave(self) -> None:
        if self._client is not None:
            self._client.socket.close()
            self._client = None
            self._held, self._doubtful = [], []

    def _begin_anew(self) -> None:
        """Forget the offset: to a server that does not know the page's, smaller ones may be newer."""
        if self.newest and (self._live_from is None or order(self.newest) > order(self._live_from)):
            self.newest = None
            self._held += self._doubtful

    def _take(self, message: dict[str, Any]) -> None:
        if self.newest is None or order(message["offset"]) > order(self.newest):
            self.newest = message["offset"]
            self.got.append(message["data"])


def order(offset: str) -> tuple[int, ...]:
    return tuple(map(int, offset.split("-")))


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page()
    yield page
    page.leave()


def push(queue: ServiceQueue, *numbers: Any, user_id: Any = USER_ID) -> None:
    queue.push_raw(
        *(
            json.dumps({"type": "pushuser", "src": "t", "data": {"user_id": user_id, "type": "n", "data": number}})
            for number in numbers
        )
    )


def await_kept(server: RunningServer, last: Any) -> None:
    """Until a message that is for everyone and not kept comes back: all that was pushed before has been kept."""
    headers = DemoLogin(server.url, "guest").headers  # who is sent nothing else
    with (
        WebSocketClient.connect("127.0.0.1", server.port, "/rt/", headers) as watcher,
        ServiceQueue(server.redis_url) as queue,
    ):
        watcher.recv_text()
        queue.push("pushuser", {"user_id": "*", "type": "mark", "data": last, "keep": False})
        while json.loads(watcher.recv_text()) != {"type": "mark", "data": last}:
            pass


def test_a_notice_for_a_user_who_is_away_waits_and_comes_to_one_page(
    server: RunningServer, queue: ServiceQueue, login: DemoLogin, page: Page
) -> None:
    page.arrive(server, login)
    page.leave()
    push(queue, "yours", user_id=[USER_ID, 99])
    push(queue, "everyone's", user_id="*")
    push(queue, "not yours", user_id=99)
    await_kept(server, "a")
    first, second = Page(), Page()
    try:
        assert first.resume(server, login) == {"type": "resumed", "data": {"count": 2}}
        assert first.got == ["yours", "everyone's"]
        first.say_seen()
        assert second.resume(server, login) == {"type": "resumed", "data": {"count": 0}}
    finally:
        first.leave()
        second.leave()


def test_what_was_sent_and_never_said_to_be_seen_comes_to_the_next_page(
    server: RunningServer, queue: ServiceQueue, login: DemoLogin, page: Page
) -> None:
    page.arrive(server, login)
    push(queue, "seen")
    page.read_until(1)
    page.say_seen()
    push(queue, "on its way when the lid was closed")
    await_kept(server, "b")
    others = [Page(), Page()]
    try:
        # The server has sent it to the first page, and after that to the second one as well.
        for other in others:
            other.resume(server, login)
            assert other.got == ["on its way when the lid was closed"]
    finally:
        for other in others:
            other.leave()


def test_who_resumes_gets_what_came_meanwhile_also_after_other_pages_have_seen_it(
    server: RunningServer, queue: ServiceQueue, login: DemoLogin, page: Page
) -> None:
    page.arrive(server, login)
    push(queue, 1, 2)
    page.read_until(2)
    page.say_seen()
    page.leave()
    push(queue, 3, 4)
    await_kept(server, "b")
    other = Page()
    other.resume(server, login)
    other.leave()
    assert other.got == [3, 4]
    assert page.resume(server, login)["data"] == {"count": 2}
    push(queue, 5)
    page.read_until(5)
    assert page.got == [1, 2, 3, 4, 5]


def test_far_more_than_may_wait_for_a_client_comes_as_it_reads(
    server: RunningServer, queue: ServiceQueue, login: DemoLogin, page: Page
) -> None:
    """9 MB, where 2 MB at once would be too much for it."""
    page.arrive(server, login)
    page.leave()
    numbers = range(900)
    push(queue, *([number, "x" * 10_000] for number in numbers))
    await_kept(server, "c")
    assert page.resume(server, login, receive_buffer=4096)["data"] == {"count": 900}
    assert [number for number, _ in page.got] == list(numbers)


def test_more_than_is_kept_is_a_loss_that_is_told(
    server: RunningServer, queue: ServiceQueue, login: DemoLogin, page: Page
) -> None:
    page.arrive(server, login)
    push(queue, "last")
    page.read_until(1)
    page.got.clear()
    page.leave()
    push(queue, *range(1_100))
    await_kept(server, "d")
    lost = page.resume(server, login)
    assert (lost["type"], lost["data"]["reason"], lost["data"]["count"]) == ("resume_lost", "trimmed", 1000)
    assert page.got == list(range(100, 1_100))


def test_a_message_for_too_many_users_is_a_dead_letter_and_one_for_as_many_as_may_be_is_kept_once(
    server: RunningServer, queue: ServiceQueue, login: DemoLogin, page: Page
) -> None:
    page.arrive(server, login)
    others = [f"nobody-{number}" for number in range(10_000)]
    push(queue, "too many", user_id=[USER_ID, *others])
    push(queue, "as many as may be" + "x" * 1_000, user_id=[USER_ID, *others[1:]])
    push(queue, "next")
    page.read_until(2)
    assert [text[:4] for text in page.got] == ["as m", "next"]
    with redis.Redis.from_url(server.redis_url) as client:
        [(_, dead)] = client.xrevrange(DEAD, count=1)
        [body] = client.scan_iter("{queue:rtserver}:body:*")
        assert client.hget(body, "refs") == b"10000"
    assert (dead[b"reason"], b"user_ids_per_message allows 10000" in dead[b"detail"]) == (b"bad_data", True)


def test_an_offset_that_redis_does_not_know_is_a_loss_that_is_told(server: RunningServer, login: DemoLogin) -> None:
    for offset in ("1362150000000-1", "99999999999999-1"):
        page = Page(offset)
        lost = page.resume(server, login)
        page.leave()
        assert (lost["type"], lost["data"]["reason"]) == ("resume_lost", "unknown")


def test_the_metrics_count_what_was_kept_and_resumed(
    server: RunningServer, queue: ServiceQueue, login: DemoLogin, page: Page
) -> None:
    before = metrics(server)
    page.arrive(server, login)
    page.leave()
    push(queue, 1, 2, user_id=[USER_ID, 99])
    await_kept(server, "e")
    assert page.resume(server, login)["data"]["count"] == 2
    page.leave()
    page.newest = "1362150000000-1"
    page.resume(server, login)
    after = metrics(server)
    grown = {name: after[name] - before[name] for name in before if name in after}
    assert grown["rtserver_push_kept_total"] == 4
    assert grown["rtserver_resumes_total"] == 3
    assert grown["rtserver_resumed_messages_total"] >= 2
    assert grown["rtserver_resumes_lost_total"] == 1


def metrics(server: RunningServer) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        lines = [line for line in answer.read().decode().splitlines() if line.startswith("rtserver_")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_a_server_that_is_killed_in_the_middle_loses_doubles_and_reorders_nothing(
    redis_url: str, tmp_path: Path, page: Page
) -> None:
    numbers = list(range(2_000))
    with (
        RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes") as server,
        ServiceQueue(redis_url) as queue,
    ):
        login = DemoLogin(server.url)
        page.resume(server, login)
        page.got.clear()
        for start in (0, 1_000):
            # Killed while it works on them: some are on the list, some on the bus, some kept, some pushed.
            push(queue, *numbers[start : start + 1_000])
            page.read_until(start + 100)
            server.stop(signal.SIGKILL)
            server.start()
            page.resume(server, login)
        page.read_until(2_000)
        await_kept(server, "end")
    assert page.got == numbers


def test_a_client_that_wanders_between_two_servers_gets_everything_once_and_in_order(
    redis_url: str, tmp_path: Path, page: Page
) -> None:
    numbers = list(range(2_000))
    paths = [tmp_path / "var", tmp_path / "other"]
    with (
        RunningServer(redis_url, paths[0], unused_port(), "--no-demo-quotes", "--worker", "one") as one,
        RunningServer(redis_url, paths[0], unused_port(), "--no-demo-quotes", "--worker", "two") as two,
        ServiceQueue(redis_url) as queue,
        redis.Redis.from_url(redis_url) as client,
    ):
        login = DemoLogin(one.url)
        page.resume(one, login)
        page.got.clear()
        for turn in range(20):
            push(queue, *numbers[turn * 100 : turn * 100 + 100])
            page.read_until(turn * 100 + 50)
            # In the middle of what this server pushes, to the other one.
            page.resume((two, one)[turn % 2], login)
        page.read_until(2_000)
        # Each was kept once, however many servers kept it; the last thousand are still there.
        kept = client.xrange("{queue:rtserver}:user:1")
    assert page.got == numbers
    assert [json.loads(fields[b"raw"])["data"] for _, fields in kept] == numbers[-1000:]


def test_an_outage_of_redis_delays_and_loses_nothing(tmp_path: Path, page: Page) -> None:
    (tmp_path / "redis").mkdir()
    with (
        RedisProcess(tmp_path / "redis") as redis_process,
        RunningServer(redis_process.url, tmp_path / "var", unused_port(), "--no-demo-quotes") as server,
        ServiceQueue(redis_process.url) as queue,
    ):
        login = DemoLogin(server.url)
        page.resume(server, login)
        push(queue, *range(500))
        page.read_until(10)
        redis_process.stop()
        redis_process.start()
        push(queue, *range(500, 600))
        page.read_until(600)
        assert page.got == list(range(600))
