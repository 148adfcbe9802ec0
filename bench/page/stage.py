"""A real server with a backend that pushes ticks, and a Chromium that is logged in to it."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

from bench.page.chromium import CHROMIUM, CHROMIUM_OPTIONS
from rtserver.bench.client.error import TargetError
from rtserver.bench.client.wire import session_key
from rtserver.bench.local_server import LocalServer
from rtserver.bench.process import running

PAGE_OPTIONS = (
    *CHROMIUM_OPTIONS,
    "--disable-features=LocalNetworkAccessChecks",  # of a page that the test answers for the server
    "--js-flags=--expose-gc",
)
HERE = Path(__file__).parent
VIEWPORT: Any = {"width": 1640, "height": 980}


@contextmanager
def chromium(*options: str) -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*PAGE_OPTIONS, *options])
        yield browser
        browser.close()


@contextmanager
def moving(
    server: LocalServer, quotes: Sequence[str], *, rows: int, rate: float, tick_ms: float = 20.0
) -> Iterator[None]:
    """Quotes that move: ``rows`` bars of past, then ``rate`` ticks a second for each, ``tick_ms`` apart."""
    options = [server.redis_url, server.queue, str(rows), str(rate), str(tick_ms), *quotes]
    command = [sys.executable, "-m", "bench.page.producer", *options]
    with running(command, stdout=subprocess.PIPE, text=True) as producer:
        assert producer.stdout is not None
        if producer.stdout.readline() != "ready\n":
            raise TargetError("the producer could not push")
        yield


def open_page(browser: Browser, server: LocalServer, path: str) -> Page:
    """A page of the server by a user who is logged in; what is below ``/bench/`` comes from this folder."""
    origin = server.site.page("")
    context = browser.new_context(viewport=VIEWPORT)
    context.add_cookies([{"name": "sessionid", "value": session_key(server.log_in()), "url": origin}])
    page = context.new_page()

    def answer(route: Route) -> None:
        route.fulfill(path=HERE / route.request.url.rpartition("/")[2].partition("?")[0])

    page.route("**/bench/*", answer)
    page.goto(f"{origin}{path}")
    return page
