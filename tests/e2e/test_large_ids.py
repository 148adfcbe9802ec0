"""Users whose ids JavaScript takes for one another, in a real Chromium: 2^53 and its neighbour."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page

from rtserver.base.wire.close_code import CloseCode
from tests.conftest import unused_port
from tests.demo_database import DATABASE, lay_database
from tests.e2e.conftest import log_in, settle
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue

DEMO_ID, GUEST_ID = 2**53, 2**53 + 1
COLLECT = """() => {
  window.__got = [];
  window.__closed = [];
  window.__rtc.client.on("n", (data) => window.__got.push(data));
  window.__rtc.client.on("closed", ({code}) => window.__closed.push(code));
}"""

READ_EXACTLY = """async () => {
  const { RTClient } = await import("/static/js/rtc/index.js");
  const json = {
    parse: (text) => JSON.parse(text, (key, value, { source } = {}) =>
      typeof value === "number" && !Number.isSafeInteger(value) && /^-?\\d+$/.test(source) ? BigInt(source) : value),
    stringify: (value) => JSON.stringify(value, (key, each) => typeof each === "bigint" ? JSON.rawJSON(each) : each),
  };
  const client = new RTClient({ json, storage: null });
  window.__exact = [];
  client.on("order", ({ id }) => window.__exact.push(String(id)));
  await new Promise((resolve) => client.on("resumed", resolve));
}"""


@pytest.fixture
def server(redis_url: str, tmp_path: Path) -> Iterator[RunningServer]:
    """The demo's users have the two ids."""
    lay_database(tmp_path)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as database, database:
        for name, user_id in (("demo", DEMO_ID), ("guest", GUEST_ID)):
            [(old,)] = database.execute("SELECT id FROM auth_user WHERE username = ?", (name,))
            database.execute("UPDATE auth_user SET id = ? WHERE id = ?", (user_id, old))
            database.execute("UPDATE auth_user_groups SET user_id = ? WHERE user_id = ?", (user_id, old))
    with RunningServer(redis_url, tmp_path, unused_port(), "--no-demo-quotes") as server:
        yield server


def test_neighbours_get_their_own_messages_and_are_not_taken_for_one_another(
    page: Page, server: RunningServer
) -> None:
    page.evaluate(COLLECT)
    assert page.evaluate("window.__rtc.client.userinfo.user.id") == str(DEMO_ID)
    with ServiceQueue(server.redis_url) as queue:
        for user_id in (GUEST_ID, str(GUEST_ID), DEMO_ID, str(DEMO_ID), [GUEST_ID, DEMO_ID]):
            queue.push("pushuser", {"user_id": user_id, "type": "n", "data": str(user_id)})
    page.wait_for_function("window.__got.length >= 3")
    assert page.evaluate("window.__got") == [str(DEMO_ID), str(DEMO_ID), str([GUEST_ID, DEMO_ID])]
    page.wait_for_function("Object.keys(sessionStorage).length > 0")
    stored = page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('rtserver:offset:'))")
    assert stored == [f"rtserver:offset:{DEMO_ID}"]
    [session] = [cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid"]
    page.context.clear_cookies()
    other = page.context.new_page()
    log_in(other, "guest")
    with ServiceQueue(server.redis_url) as queue:
        queue.push("django_site", {"op": "session_closed", "session_key": session["value"]})
    page.wait_for_function("window.__closed.length > 0")
    assert page.evaluate("window.__closed") == [CloseCode.NOT_LOGGED_IN]


def test_a_page_that_brings_its_own_reader_gets_whole_numbers_of_any_size(page: Page, server: RunningServer) -> None:
    settle(page, READ_EXACTLY)
    orders = [2**53, 2**53 + 1, 2**63, 2**64 + 1]
    with ServiceQueue(server.redis_url) as queue:
        for number in orders:
            queue.push("pushuser", {"user_id": DEMO_ID, "type": "order", "data": {"id": number}})
    page.wait_for_function("window.__exact.length >= 4")
    assert page.evaluate("window.__exact") == list(map(str, orders))
