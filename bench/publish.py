"""Puts a run's numbers into the documentation: the tables between two marks of docs/performance.md, and the charts.

The prose around the marks is left as it is.
"""

import json
import subprocess
from pathlib import Path

from bench.peers.environment import HERE, python_of
from bench.report import report

DOCS = HERE.parents[1] / "docs"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
CHARTS = {
    "latency_fanout.png": ("fan_out", "500 subscribers"),
    "latency_fanout_5000.png": ("fan_out", "5000 subscribers"),
    "latency_from_redis.png": ("from_redis", "500 subscribers"),
}


def insert(text: str, measured: str) -> str:
    """The text with ``measured`` between the marks. Raises ``ValueError`` for a text without them."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the text needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{measured.strip()}\n\n{END}{after}"


def draw_charts(file: Path, settings: set[tuple[str, str]]) -> list[str]:
    """Those for which the run has numbers; their names."""
    drawn = []
    for name, (scenario, setting) in CHARTS.items():
        if (scenario, setting) in settings:
            chart = (str(HERE / "chart.py"), str(file), scenario, setting, str(DOCS / "img" / name))
            subprocess.run((python_of("chart"), *chart), check=True)
            drawn.append(name)
    return drawn


def publish(file: Path) -> None:
    """Put the numbers of that file into the page."""
    numbers = json.loads(file.read_text(encoding="utf-8"))
    settings = {(scenario, setting) for scenario, rows in numbers["scenarios"].items() for setting in rows}
    images = [f"![Latency against offered load](img/{name})" for name in draw_charts(file, settings)]
    page = DOCS / "performance.md"
    measured = "\n\n".join([*images, report(numbers)])
    page.write_text(insert(page.read_text(encoding="utf-8"), measured), encoding="utf-8")
