"""Keys in Redis that hold something else than they should: a real server, which serves everybody else."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.system.test_resume import USER_ID, Page, await_kept, push
from tests.until import until

STREAM, OTHER = "{queue:rtserver}:user:1", "{queue:rtserver}:user:99"


@pytest.fixture
def page() -> Iterator[Page]:
    page = Page()
    yield page
    page.leave()


def keys_reading(server: RunningServer) -> str:
    """Return the part of ``/readyz`` about the keys. Raises if the server is not ready."""
    with urllib.request.urlopen(f"{server.url}/readyz") as answer:
        checks = {check["name"]: check for check in json.load(answer)["checks"]}
    assert checks["keys"]["ok"]
    return str(checks["keys"]["detail"])


def test_a_key_of_another_kind_at_one_user_costs_that_user_only_and_is_named(
    server: RunningServer, queue: ServiceQueue, login: DemoLogin, page: Page
) -> None:
    with redis.Redis.from_url(server.redis_url) as client:
        client.set(OTHER, "no stream")
        client.set("{queue:rtserver}:seen:98", "garbage")
        page.arrive(server, login)
        push(queue, "theirs", user_id=[99, 98])
        push(queue, "both", user_id=[99, USER_ID])
        push(queue, "yours")
        page.read_until(2)
        assert page.got == ["both", "yours"]
        until(lambda: OTHER in keys_reading(server))
        until(lambda: any(f"{OTHER} holds something" in line for line in server.output))
        client.delete(OTHER)
        until(lambda: keys_reading(server) == "in order")


def test_who_has_the_broken_key_is_told_and_is_served_again_when_it_is_gone(
    server: RunningServer, queue: ServiceQueue, login: DemoLogin, page: Page
) -> None:
    page.arrive(server, login)
    push(queue, "before")
    page.read_until(1)
    page.leave()
    with redis.Redis.from_url(server.redis_url) as client:
        client.delete(STREAM)
        client.set(STREAM, "no stream")
        push(queue, "lost")
        push(queue, "everyone's", user_id="*")
        await_kept(server, "f")
        lost = page.resume(server, login)
        assert (lost["type"], lost["data"]["reason"]) == ("resume_lost", "unknown")
        push(queue, "live")
        page.read_until(3)
        page.leave()
        client.delete(STREAM)
        push(queue, "after")
        await_kept(server, "g")
        assert page.resume(server, login)["type"] == "resumed"
    assert page.got == ["before", "everyone's", "live", "after"]


def test_a_server_starts_and_works_with_positions_and_cursors_that_cannot_be_read(
    redis_url: str, tmp_path: Path, page: Page
) -> None:
    with redis.Redis.from_url(redis_url) as client, ServiceQueue(redis_url) as queue:
        client.hset(
            "{queue:rtserver}:positions", mapping={"one/pushuser": "garbage", "one/django_site": "1-" + "9" * 40}
        )
        client.set("{queue:rtserver}:kept:pushuser", "99999999999999999999999-1")
        client.hset("{queue:rtserver}:born:pushuser", "a", "b")
        with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes", "--worker", "one") as server:
            login = DemoLogin(server.url)
            page.resume(server, login)
            push(queue, 1)
            page.read_until(1)
            page.leave()
            push(queue, 2)
            await_kept(server, "h")
            page.resume(server, login)
            until(lambda: any("kept:pushuser holds something" in line for line in server.output))
            client.delete("{queue:rtserver}:positions")
            client.set("{queue:rtserver}:positions", "no hash")
            until(lambda: "{queue:rtserver}:positions" in keys_reading(server))
            client.delete("{queue:rtserver}:positions")
            until(lambda: client.type("{queue:rtserver}:positions") == b"hash")
            until(lambda: keys_reading(server) == "in order")
    assert page.got == [1, 2]
