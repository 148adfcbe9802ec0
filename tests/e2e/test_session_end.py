"""Pages learn that their session is over although a browser hides why a handshake was refused."""

import signal

from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import new_context, settle
from tests.running_server import RunningServer

# A client as in the README, with nothing configured.
PLAIN = """async () => {
  const { RTClient } = await import("/static/js/rtc/index.js");
  window.ends = [];
  window.plain = new RTClient();
  plain.on("closed", (why) => ends.push(why));
}"""


def test_a_page_whose_session_ended_while_the_server_was_away_is_told_so(page: Page, server: RunningServer) -> None:
    settle(page, PLAIN)
    page.wait_for_function("plain.state === 'open'")
    server.stop(signal.SIGKILL)
    page.wait_for_function("plain.state !== 'open'")
    page.context.clear_cookies()
    server.start()
    page.wait_for_function("ends.length === 1")
    assert page.evaluate("[ends, plain.state]") == [[{"code": 4009, "reason": "the session is over"}], "closed"]
    expect(page.locator("#banner-title")).to_have_text("You have been signed out")


def test_a_page_to_which_nobody_has_logged_in_is_told_so(browser: Browser, server: RunningServer) -> None:
    context = new_context(browser, base_url=server.url)
    page = context.new_page()
    page.goto("/accounts/login/")
    settle(page, PLAIN)
    page.wait_for_function("ends.length === 1")
    assert page.evaluate("[ends, plain.state]") == [[{"code": 4001, "reason": "nobody is logged in"}], "closed"]
    context.close()
