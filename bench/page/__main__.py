"""Twelve full charts on one page, each with three indicators and 50 ticks a second: how the page fares.

    python -m bench.page
    python -m bench.page --charts 4 --shape line --period 0

Real server, real Chromium (software rendering), real ECharts. Prints Markdown: the animation frames that the page's
own animation gets, how late a timer of 20 ms was at worst, the share of the main thread that drawing takes, and how
old the newest price on screen of each chart was. Prices tell their own age, from the moment of their RPUSH.
"""

import argparse
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from bench.page.stage import chromium, moving, open_page
from bench.process import target

ROWS = 1003
SETTLE_MS = 3_000
IS_READY = "globalThis.__bench?.isReady()"


def table(found: Mapping[str, Any]) -> str:
    """The figures of one run."""
    oldest, median, p99 = found["oldest_ms"], found["median_ms"], found["p99_ms"]
    rows = [
        ("animation frames a second", f"{found['frames']:.0f}"),
        ("longest frame", f"{found['longest_frame_ms']:.0f} ms"),
        ("latest timer", f"{found['latest_timer_ms']:.0f} ms"),
        ("time spent on drawing", f"{found['drawing_share']:.0%}"),
        ("drawings of a chart, a second", f"{min(found['draws']):.1f} to {max(found['draws']):.1f}"),
        ("age of the newest price, median of the slowest chart", f"{max(median):.0f} ms"),
        ("age of the newest price, p99 of the slowest chart", f"{max(p99):.0f} ms"),
        ("age of the newest price, oldest of all", f"{max(oldest):.0f} ms"),
        ("age when the page gets it, median of the slowest chart", f"{max(found['received_ms']):.0f} ms"),
    ]
    return "| what | measured |\n|---|---:|\n" + "\n".join(f"| {name} | {value} |" for name, value in rows)


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--charts", type=int, default=12)
    parser.add_argument("--rate", type=float, default=50.0, help="ticks a second of each chart's quote")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--shape", default="ohlc", choices=("ohlc", "line", "bar", "scatter"))
    parser.add_argument("--period", type=int, default=60)
    parser.add_argument("--indicators", default="sma:20,boll:20:2,macd:12:26:9")
    parser.add_argument("--screenshot", help="a file for a picture of the page")
    arguments = parser.parse_args()
    names = ("charts", "shape", "period", "indicators")
    query = urlencode({name: getattr(arguments, name) for name in names})
    quotes = [f"DEMO:PAGE{number}:20240102" for number in range(arguments.charts)]
    with (
        target() as server,
        moving(server, quotes, rows=ROWS, rate=arguments.rate),
        chromium() as browser,
    ):
        page = open_page(browser, server, f"/bench/charts.html?{query}")
        page.wait_for_function(IS_READY, timeout=60_000)
        page.wait_for_timeout(SETTLE_MS)
        print(table(page.evaluate("seconds => globalThis.__bench.measure(seconds)", arguments.seconds)))
        if arguments.screenshot:
            page.screenshot(path=arguments.screenshot)


if __name__ == "__main__":
    main()
