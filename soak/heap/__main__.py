"""The demo's page of charts, left open while prices move: its memory stays as it is, or the run fails.

    python -m soak.heap                   an hour
    python -m soak.heap --minutes 10
    python -m soak.heap --silent          no price moves: heartbeats and the ages of prices are all there is

Prints what the page holds once a minute, by a heap snapshot after forced collections, as Markdown. The first minutes,
in which its charts fill up, do not count. Exit status 1 says that the page has grown.
"""

import argparse
import sys
import time
from typing import Any

from playwright.sync_api import CDPSession, Page

from bench.page.stage import chromium, moving, open_page
from bench.process import target
from soak.heap.report import HEAD, HeapReading, complaints, growth, row
from soak.heap.snapshot import sizes

RATE = 20.0
SILENT_RATE = 1 / 36_000
"""So seldom that there is the first tick and no other."""
TICK_MS = 30_000
"""Every other tick begins a bar of a minute: all charts are full, of 2,000 points, after less than two minutes."""
WARM_UP_MINUTES = 3.0
ROWS = 1000
COUNT = """() => {
  globalThis.__messages = 0;
  globalThis.__rtc.client.on("message", () => void (globalThis.__messages += 1));
}"""
IS_LIVE = "() => document.querySelector('#main-frame').dataset.state === 'live'"
COLLECTIONS = 3


def snapshot(cdp: CDPSession) -> str:
    """The page's heap as V8 describes it."""
    chunks: list[str] = []

    def collect(event: dict[str, Any]) -> None:
        chunks.append(event["chunk"])

    cdp.on("HeapProfiler.addHeapSnapshotChunk", collect)
    cdp.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    cdp.remove_listener("HeapProfiler.addHeapSnapshotChunk", collect)
    return "".join(chunks)


def read(page: Page, cdp: CDPSession, minute: float) -> HeapReading:
    """Read what is left after collections."""
    for _ in range(COLLECTIONS):
        cdp.send("HeapProfiler.collectGarbage")
    page_bytes, code_bytes, browser_bytes = sizes(snapshot(cdp))
    counters = cdp.send("Memory.getDOMCounters")
    return HeapReading(
        minute=minute,
        page_bytes=page_bytes,
        code_bytes=code_bytes,
        browser_bytes=browser_bytes,
        nodes=counters["nodes"],
        listeners=counters["jsEventListeners"],
        messages=page.evaluate("globalThis.__messages"),
    )


def quotes_of(page: Page) -> list[str]:
    """The keys of the quotes that the demo's page shows."""
    data = page.evaluate("({...document.body.dataset})")
    return [f"{data['exchange']}:{item}:{data['date']}" for item in data["items"].split(",")]


def watch(page: Page, minutes: float, every: float, warm_up: float) -> list[HeapReading]:
    """One reading ``every`` so many minutes, printed at once; those after the warm-up."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("HeapProfiler.enable")
    page.evaluate(COUNT)
    print(HEAD, flush=True)
    begun, readings = time.monotonic(), []
    while (minute := (time.monotonic() - begun) / 60) < minutes:
        reading = read(page, cdp, minute)
        print(row(reading), flush=True)
        if minute >= warm_up:
            readings.append(reading)
        page.wait_for_timeout(every * 60_000)
    return readings


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=1.0, help="minutes between two readings")
    parser.add_argument("--warm-up", type=float, default=WARM_UP_MINUTES, help="minutes that do not count")
    parser.add_argument("--silent", action="store_true", help="no price moves once the charts are there")
    arguments = parser.parse_args()
    rate = SILENT_RATE if arguments.silent else RATE
    with target() as server, chromium() as browser:
        page = open_page(browser, server, "/")
        page.wait_for_function("globalThis.__rtc?.client.state === 'open'")
        with moving(server, quotes_of(page), rows=ROWS, rate=rate, tick_ms=TICK_MS):
            page.wait_for_function(IS_LIVE)
            readings = watch(page, arguments.minutes, arguments.every, arguments.warm_up)
    if found := complaints(readings):
        print("\nFAILED: " + "; ".join(found))
        return 1
    print(f"\nNothing has grown: {growth(readings)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
