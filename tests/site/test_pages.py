"""Values that the pages hand to their scripts and to the browser's guards."""

import html
import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rtserver.service.quote.demo_list import films

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

STATIC_DIR = Path(__file__).resolve().parents[2] / "site" / "static"
PAGES = ["/", "/watch/", "/notices/"]


@pytest.fixture
def page_of(client: "Client", log_in: "Callable[..., HttpResponse]") -> Callable[[str], str]:
    """The text of a page for somebody who is logged in."""
    log_in()
    return lambda path: client.get(path).content.decode()


@pytest.fixture
def policy_of(client: "Client") -> Callable[[str], dict[str, list[str]]]:
    """A page's Content-Security-Policy as directive -> sources."""

    def read(path: str) -> dict[str, list[str]]:
        policy = client.get(path)["Content-Security-Policy"]
        return {name: sources for name, *sources in map(str.split, policy.split(";"))}

    return read


@pytest.mark.parametrize("path", PAGES)
def test_the_body_carries_what_the_shell_needs(page_of: Callable[[str], str], path: str) -> None:
    page = page_of(path)

    for name in ("websocket-url", "login-url", "session-url", "user-id", "connection"):
        assert f"data-{name}=" in page


@pytest.mark.parametrize("path", PAGES)
def test_every_element_that_the_shells_scripts_look_up_is_there(page_of: Callable[[str], str], path: str) -> None:
    page = page_of(path)
    looked_up = set()
    for script in ("shell.js", "connection_view.js", "people_view.js"):
        looked_up |= set(re.findall(r'getElementById\("([\w-]+)"\)', (STATIC_DIR / "js/pages" / script).read_text()))

    assert {name for name in looked_up if f'id="{name}"' not in page} == set()


@pytest.mark.parametrize(("path", "script"), [("/", "charts.js"), ("/notices/", "notices.js")])
def test_every_element_that_a_pages_script_looks_up_is_there(
    page_of: Callable[[str], str], path: str, script: str
) -> None:
    page = page_of(path)
    looked_up = set(re.findall(r'getElementById\("([\w-]+)"\)', (STATIC_DIR / "js/pages" / script).read_text()))

    assert looked_up
    assert {name for name in looked_up if f'id="{name}"' not in page} == set()


def test_the_charts_page_names_the_demo_quotes(page_of: Callable[[str], str]) -> None:
    page = page_of("/")

    assert 'data-exchange="DEMO"' in page
    assert 'data-date="20130301"' in page
    assert 'data-items="AAPL,IBM,MSFT"' in page


def test_the_watch_list_names_the_quotes_that_the_demo_plays(page_of: Callable[[str], str]) -> None:
    assert re.findall(r'data-item="([^"]+)"', page_of("/watch/")) == list(films())


def test_the_chart_library_comes_before_the_module_that_needs_it(page_of: Callable[[str], str]) -> None:
    page = page_of("/")
    library, module = page.index("/static/vendor/echarts/echarts.min.js"), page.index("/static/js/pages/charts.js")

    assert library < module
    assert '<script src="/static/vendor/echarts/echarts.min.js" defer>' in page


@pytest.mark.parametrize("path", [*PAGES, "/accounts/login/"])
def test_all_that_a_page_loads_is_a_file_of_the_site(
    client: "Client", log_in: "Callable[..., HttpResponse]", path: str
) -> None:
    if path in PAGES:
        log_in()
    page = client.get(path).content.decode()
    addresses = re.findall(r'<(?:link|script)[^>]+(?:href|src)="([^"]+)"', page)

    assert addresses
    for address in addresses:
        assert address.startswith("/static/")
        assert (STATIC_DIR / address.removeprefix("/static/")).is_file(), address


@pytest.mark.parametrize("path", [*PAGES, "/accounts/login/"])
def test_no_page_has_an_inline_script_or_style(
    client: "Client", log_in: "Callable[..., HttpResponse]", path: str
) -> None:
    if path in PAGES:
        log_in()
    page = client.get(path).content.decode()

    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)


def test_the_lines_to_copy_are_what_a_shell_hands_to_redis(page_of: Callable[[str], str], tmp_path: Path) -> None:
    commands = [html.unescape(text) for text in re.findall(r"<code>(redis-cli.*?)</code>", page_of("/"))]
    program = tmp_path / "redis-cli"
    program.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    program.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    messages = []
    for command in commands:
        words = subprocess.run(["sh", "-c", command], env={"PATH": path}, capture_output=True, text=True, check=True)
        _, url, verb, queue, message = words.stdout.splitlines()
        assert (verb, queue) == ("RPUSH", "queue:rtserver")
        assert url.startswith("redis://127.0.0.1:")
        messages.append(json.loads(message))

    assert [message["type"] for message in messages] == ["quote", "pushuser"]
    assert messages[0]["data"][0]["quote"] == "DEMO:AAPL"
    assert abs(messages[0]["data"][0]["info"]["point"][0] - 1000 * time.time()) < 600_000
    assert messages[1]["data"] == {"user_id": "*", "type": "notice", "data": {"text": "hello"}}


def test_where_messages_have_to_be_signed_the_lines_are_our_command_s_and_tell_no_secret(
    client: "Client", log_in: "Callable[..., HttpResponse]"
) -> None:
    from django.test import override_settings

    log_in()
    with override_settings(RTSERVER_QUEUE_SECRET="a secret of the shop"):
        page = html.unescape(client.get("/").content.decode())
    assert "RTSERVER_QUEUE_SECRET=… python -m rtserver push quote '[{" in page
    assert "a secret" not in page


def test_the_address_for_producers_is_a_setting(client: "Client", log_in: "Callable[..., HttpResponse]") -> None:
    from django.test import override_settings

    log_in()
    with override_settings(RTSERVER_PRODUCER_URL="redis://feeds.example:6380/2"):
        assert "redis-cli -u redis://feeds.example:6380/2 RPUSH" in client.get("/").content.decode()


def test_another_websocket_address_reaches_the_page_and_its_policy(
    client: "Client", log_in: "Callable[..., HttpResponse]", policy_of: Callable[[str], dict[str, list[str]]]
) -> None:
    from django.test import override_settings

    log_in()
    with override_settings(RTSERVER_WEBSOCKET_URL="wss://live.example:8443/rt/"):
        assert 'data-websocket-url="wss://live.example:8443/rt/"' in client.get("/").content.decode()
        assert policy_of("/")["connect-src"] == ["'self'", "wss://live.example:8443"]


def test_the_policy_allows_the_sites_files_and_its_own_socket_and_no_more(
    policy_of: Callable[[str], dict[str, list[str]]],
) -> None:
    policy = policy_of("/accounts/login/")

    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'", "'unsafe-eval'"]  # no inline scripts, none from elsewhere
    assert policy["style-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'", "ws://localhost:8888", "wss://localhost:8888"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]


@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/nowhere/"])
def test_every_answer_has_the_headers_that_guard_it(client: "Client", path: str) -> None:
    answer = client.get(path)

    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    assert "Content-Security-Policy" in answer


@pytest.mark.parametrize("path", [*PAGES, "/accounts/session/"])
def test_nothing_that_belongs_to_a_person_stays_in_a_cache(
    client: "Client", log_in: "Callable[..., HttpResponse]", path: str
) -> None:
    log_in()

    assert "no-store" in client.get(path)["Cache-Control"]


def test_an_address_that_does_not_exist_gets_a_page_of_ours(client: "Client") -> None:
    answer = client.get("/nowhere/")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


@pytest.mark.parametrize("name", ["400.html", "403_csrf.html", "404.html", "500.html", "503.html"])
def test_the_error_pages_need_nothing_from_the_request(django_site: None, name: str) -> None:
    from django.template.loader import render_to_string

    assert "</html>" in render_to_string(name)
