"""A page that speaks TCE: the library's runtime and the shipped stubs in a real Chromium."""

import pytest
from playwright.sync_api import Page

from tests.demo_login import DemoLogin
from tests.e2e.conftest import settle
from tests.e2e.test_browser import push
from tests.running_server import RunningServer

# Opens a connection of its own beside the page's, with or without a token.
OPEN = """async ([target, token]) => {
  const tce = await import("/static/js/rtc/tce.js");
  const { ITerminal, IUserGatewayProxy } = await import("/static/js/rtc/rtserver.js");
  const messages = (window.__messages = []);
  class Terminal extends ITerminal {
    onMessage(type, json) { messages.push([type, JSON.parse(json).data]); }
  }
  const connection = new tce.RpcConnection(target);
  if (token) connection.setToken(token);
  const adapter = new tce.RpcAdapter();
  adapter.addServant(new Terminal());
  connection.attachAdapter(adapter);
  const gateway = (window.__gateway = new IUserGatewayProxy(connection));
  return gateway.ping("héllo");
}"""
HAS = "type => window.__messages.some(message => message[0] === type)"


@pytest.fixture
def server(shared_server: RunningServer) -> RunningServer:
    """The shared server: the messages of one test disturb no other."""
    return shared_server


def target(server: RunningServer) -> str:
    return f"ws://127.0.0.1:{server.port}/rt/?tce"


def test_a_page_that_is_logged_in_calls_and_is_pushed_to(page: Page, server: RunningServer) -> None:
    assert settle(page, OPEN, [target(server), None]) == "héllo"
    page.wait_for_function(HAS, arg="userinfo")
    page.evaluate("""() => window.__gateway.send('{"type":"ping","id":7}')""")
    page.wait_for_function(HAS, arg="ping")
    push(server.redis_url, "pushuser", {"user_id": "*", "type": "news", "data": {"text": "hé"}})
    page.wait_for_function(HAS, arg="news")
    messages = dict(page.evaluate("window.__messages"))
    assert messages["userinfo"]["user"]["name"] == "demo"
    assert (messages["ping"], messages["news"]) == ("pong", {"text": "hé"})


def test_without_the_sites_cookie_a_token_logs_in_and_nothing_else(page: Page, server: RunningServer) -> None:
    key = DemoLogin(server.url).session_key
    page.context.clear_cookies()
    assert settle(page, OPEN, [target(server), key]) == "héllo"
    refused = f"(argument) => ({OPEN})(argument).catch(error => error.errcode)"
    assert settle(page, refused, [target(server), "abcdefghijklmnop"]) == 103
