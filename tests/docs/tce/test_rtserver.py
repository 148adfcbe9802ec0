"""The tutorial's chapter about rtserver, against a running one."""

import json
import queue as thread_queue
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, expect

from tests.demo_site import MANAGE, run_command
from tests.docs.document import README, ROOT, blocks
from tests.docs.tce.workshop import EXAMPLES, RUN_SECONDS, Workshop, shown
from tests.e2e.conftest import log_in, new_context
from tests.running_server import RunningServer

CLIENT = EXAMPLES / "rtserver_client.py"
TCE_PORT = "8889"
NOTICE = {"type": "pushuser", "src": "t", "data": {"user_id": "*", "type": "notice", "data": {"text": "hello"}}}


@pytest.fixture
def token(server: RunningServer, var_dir: Path) -> str:
    """A token for demo, made by the line that the tutorial shows."""
    python, program, *words = shlex.split(shown("text token"))
    assert (python, ROOT / program) == ("python", MANAGE)
    return run_command(var_dir, server.redis_url, *words).strip()


class Client:
    """A client's program; ``lines`` are those that it has printed, as they come."""

    def __init__(self, workshop: Workshop, server: RunningServer, token: str, text: str) -> None:
        assert TCE_PORT in text
        workshop.write("client_of_this_server.py", text.replace(TCE_PORT, str(server.tce_port)))
        self.process = workshop.start(f"python client_of_this_server.py {shlex.quote(token)}")
        self.lines: thread_queue.Queue[str] = thread_queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def next_line(self) -> str:
        return self.lines.get(timeout=RUN_SECONDS)

    def message(self, message_type: str) -> dict[str, Any]:
        """The next message of a type."""
        while not (line := self.next_line()).startswith(message_type):
            pass
        message: dict[str, Any] = json.loads(line.removeprefix(message_type))
        assert message["type"] == message_type
        return message

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(RUN_SECONDS)
        self._reader.join(RUN_SECONDS)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)


@pytest.fixture
def client(workshop: Workshop, server: RunningServer, token: str) -> Iterator[Client]:
    client = Client(workshop, server, token, CLIENT.read_text(encoding="utf-8"))
    yield client
    client.stop()


def test_a_binary_client_gets_its_chart_and_what_is_pushed(client: Client, queue: redis.Redis) -> None:
    assert client.message("userinfo")["data"]["user"]["name"] == "demo"
    heard: dict[str, str] = {}
    while not {"mycharts", "ping:"} <= heard.keys():  # in either order: a chart is drawn by the service thread
        kind, _, heard[kind] = client.next_line().partition(" ")
    assert json.loads(heard["mycharts"])["data"]["update"] == "static"
    assert heard["ping:"] == "hello\n"
    item = {"quote": "DEMO:AAPL:20130301", "info": {"point": [1362150000000, 430.5]}}
    queue.rpush("queue:rtserver", json.dumps({"type": "quote", "src": "t", "data": [item]}))
    assert client.message("mycharts")["data"]["update"] == "dynamic"
    queue.rpush("queue:rtserver", json.dumps(NOTICE))
    assert client.message("notice")["data"] == {"text": "hello"}


def test_a_client_without_a_good_token_is_refused(workshop: Workshop, server: RunningServer) -> None:
    workshop.write("stranger.py", CLIENT.read_text(encoding="utf-8").replace(TCE_PORT, str(server.tce_port)))
    _, errors = workshop.run("python stranger.py nobody", status=1)
    assert "RPCERROR_CONNECT_REJECT" in errors


def test_the_client_of_the_readme_is_told_what_everyone_is_told(
    workshop: Workshop, server: RunningServer, token: str, queue: redis.Redis
) -> None:
    client = Client(workshop, server, token, blocks(README, "python")[3])
    try:
        while client.next_line() != "hello\n":
            pass
        queue.rpush("queue:rtserver", json.dumps(NOTICE))
        assert client.message("notice")["data"] == {"text": "hello"}
    finally:
        client.stop()


def test_a_page_of_the_site_is_told_without_a_word(
    browser: Browser, server: RunningServer, queue: redis.Redis
) -> None:
    context = new_context(browser, base_url=server.url, bypass_csp=True)  # a page of one's own has its own policy
    page = context.new_page()
    log_in(page)
    page.goto("/healthz")  # of the right host
    page.set_content(f"<!doctype html>{(EXAMPLES / 'rtserver_page.html').read_text(encoding='utf-8')}")
    expect(page.locator("#log li").first).to_have_text("userinfo")
    queue.rpush("queue:rtserver", json.dumps(NOTICE))
    expect(page.locator("#log li", has_text="hello")).to_have_count(1)
    context.close()
