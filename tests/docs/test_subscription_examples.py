"""The services to subscribe to of docs/examples, followed by pages in a real browser and by a binary client."""

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, Page

from tests.docs.conftest import report_weather
from tests.docs.document import EXTENDING, blocks
from tests.docs.visitor import Visitor
from tests.e2e.conftest import log_in, new_context, settle
from tests.running_server import RunningServer
from tests.tce_client import TceClient

PAGE = """async (example) => {
  const { RTClient } = await import("/static/js/rtc/rtc.module.js");
  const heard = (window.heard = []);
  const say = (name) => (...data) => heard.push([name, ...data]);
  const names = ["show", "showRoom", "addLine", "showHere"];
  const client = (window.client = new RTClient());
  const AsyncFunction = (async () => {}).constructor;
  const run = new AsyncFunction("client", ...names, `${example}; return typeof end === "undefined" ? leave : end;`);
  if (client.state !== "open") await new Promise((done) => client.on("open", done));
  window.end = await run(client, ...names.map(say));
}"""
HEARD = "(count) => window.heard.length >= count && window.heard"


def snippet(service: str) -> str:
    """The document's lines for a page that follows a service."""
    [found] = [text for text in blocks(EXTENDING, "js") if f'client.subscribe("{service}"' in text]
    return found


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A page of the user demo."""
    yield from pages(browser, server, "demo")


@pytest.fixture
def other_page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A page of another user."""
    yield from pages(browser, server, "guest")


def pages(browser: Browser, server: RunningServer, name: str) -> Iterator[Page]:
    context = new_context(browser, base_url=server.url, bypass_csp=True)
    page = context.new_page()
    log_in(page, name)
    yield page
    context.close()


def heard(page: Page, count: int) -> list[Any]:
    """All that the page was told, when it is so much."""
    found: list[Any] = page.wait_for_function(HEARD, arg=count).json_value()
    return found


def test_a_page_shows_the_weather_and_each_change_of_it(page: Page, var_dir: Path, queue: redis.Redis) -> None:
    report_weather(var_dir, "rome", 21.5)
    settle(page, PAGE, snippet("weather"))
    assert heard(page, 1) == [["show", 21.5]]
    report_weather(var_dir, "rome", 22)
    assert heard(page, 2)[1:] == [["show", 22]]
    page.evaluate("window.end()")
    settle(page, "() => window.client.request('ping')")
    report_weather(var_dir, "rome", 23)
    settle(page, PAGE, snippet("weather"))
    assert heard(page, 1)[0] in (["show", 22], ["show", 23])


def test_a_page_that_lost_its_connection_shows_what_is_now(page: Page, var_dir: Path) -> None:
    report_weather(var_dir, "lisbon", 10)
    settle(page, PAGE, snippet("weather").replace("rome", "lisbon"))
    page.wait_for_function("() => window.heard.some(([, celsius]) => celsius === 10)")
    page.evaluate("() => { window.client.close(); window.heard.length = 0; }")
    report_weather(var_dir, "lisbon", 11)
    page.evaluate("() => window.client.connect()")
    page.wait_for_function("() => window.heard.some(([, celsius]) => celsius === 11)")


def test_a_page_is_told_why_there_is_no_weather(page: Page) -> None:
    settle(page, PAGE, snippet("weather").replace("rome", "atlantis"))
    [[_, text]] = heard(page, 1)
    assert text.endswith("there is no station in atlantis")


def test_users_in_a_room_read_each_other_and_who_comes_later_reads_what_was(page: Page, other_page: Page) -> None:
    settle(page, PAGE, snippet("chat"))
    # In the picture of the room, or behind it.
    page.wait_for_function('() => JSON.stringify(window.heard).includes(\'"text":"hello"\')')
    settle(other_page, PAGE, snippet("chat").replace('"hello"', '"hello, too"'))
    [room, lines, _here] = heard(other_page, 1)[0]
    assert room == "showRoom"
    assert [(line["name"], line["text"]) for line in lines[:1]] == [("demo", "hello")]
    for each in (page, other_page):
        each.wait_for_function('() => JSON.stringify(window.heard).includes(\'"text":"hello, too"\')')
        each.wait_for_function("() => window.heard.some(([name, here]) => name === 'showHere' && here.length === 2)")


def test_a_page_that_lost_its_connection_is_told_the_lines_that_it_missed(page: Page, visitor: Visitor) -> None:
    settle(page, PAGE, snippet("chat").replace("lobby", "kitchen"))
    page.wait_for_function('() => JSON.stringify(window.heard).includes(\'"text":"hello"\')')
    page.evaluate("() => { window.client.close(); window.heard.length = 0; }")
    for text in ("one", "two"):
        assert visitor.ask("chat", {"room": "kitchen", "text": text}) == "said"
    page.evaluate("() => window.client.connect()")
    page.wait_for_function('() => JSON.stringify(window.heard).includes(\'"text":"two"\')')
    told = [name for name, *_ in heard(page, 2) if name != "showHere"]
    assert told == ["addLine", "addLine"]


MINUTE_MS = 60_000


def push_ticks(queue: redis.Redis, *ticks: tuple[int, float]) -> None:
    """Ticks of the example's quote, in one message each."""
    for moment, price in ticks:
        data = [{"quote": "DEMO:AAPL-2013H1", "info": {"point": [moment, price], "volume": 1}}]
        queue.rpush("queue:rtserver", json.dumps({"type": "quote", "src": "test", "data": data}))


def test_a_page_follows_the_rows_of_a_quote_with_corrections_and_gets_older_ones(
    page: Page, queue: redis.Redis
) -> None:
    first = (int(time.time()) // 60 - 10) * MINUTE_MS
    minutes = [first + number * MINUTE_MS for number in range(4)]
    push_ticks(queue, *((minute, 10.0 + number) for number, minute in enumerate(minutes)))
    example = snippet("quotes").replace("count: 200", "count: 2")
    settle(page, PAGE, example)
    # The page may have come before all ticks; a bar has ended when the next one is there.
    page.wait_for_function("(label) => window.heard.some(([, row]) => row[0] === label)", arg=minutes[3])
    page.evaluate("() => void (window.heard.length = 0)")
    push_ticks(queue, (minutes[3] - 1, 7.0), (minutes[3] + 1, 14.0))
    page.wait_for_function(
        "(label) => window.heard.some(([, row]) => row[0] === label && row[2] === 14)", arg=minutes[3]
    )
    rows = [row[:6] for _, row in page.evaluate("window.heard")]
    assert rows[0] == [minutes[2], 12, 7, 7, 12, 2]
    assert rows[-1] == [minutes[3], 13, 14, 13, 14, 2]
    [older] = [text for text in blocks(EXTENDING, "js") if 'client.snapshot("quotes"' in text]
    asked = example.partition("const end")[0] + older
    has_older, rows = page.evaluate(
        """async ([example, oldest]) => {
          const heard = [];
          const AsyncFunction = (async () => {}).constructor;
          const run = new AsyncFunction("client", "oldest", "show", `${example}; return older;`);
          return [await run(window.client, oldest, (row) => heard.push(row)), heard];
        }""",
        [asked, minutes[2]],
    )
    assert (has_older, [row[0] for row in rows]) == (None, minutes[:2])


@pytest.mark.parametrize("data", [{"room": "Lobby", "text": "x"}, {"room": "lobby", "text": ""}, {"room": "lobby"}])
def test_a_line_that_makes_no_sense_is_refused(visitor: Visitor, data: dict[str, str]) -> None:
    visitor.send(json.dumps({"type": "chat", "data": data}))
    assert visitor.receive("error")["code"] == "bad_request"


@pytest.mark.parametrize(("way", "city"), [("tcp", "oslo"), ("websocket", "riga")])
def test_a_binary_client_follows_a_service_as_a_browser_does(
    server: RunningServer, session_key: str, var_dir: Path, way: str, city: str
) -> None:
    report_weather(var_dir, city, -3)
    data = {"op": "subscribe", "topic_id": 7, "service": "weather", "request": {"city": city}}

    async def follow() -> list[Any]:
        opened = TceClient.over_tcp(server.tce_port) if way == "tcp" else TceClient.over_websocket(server.port)
        async with await opened as client:
            client.say(json.dumps({"type": "topic", "data": data, "id": 1}), token=session_key)
            snapshot = await client.message("topic")
            report_weather(var_dir, city, -4)
            update = await client.data("topic")
            client.say(json.dumps({"type": "topic", "data": {"op": "unsubscribe", "topic_id": 7}, "id": 2}))
            return [
                snapshot["id"],
                snapshot["data"]["data"],
                update["updates"],
                (await client.message("topic"))["id"],
            ]

    # Not here: the browser keeps a loop running in this thread.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, follow()).result(30) == [1, {"celsius": -3}, [{"celsius": -4}], 2]
