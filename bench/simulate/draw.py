"""Chart of the simulation, as SVG: run in the environment that has matplotlib."""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot


def main() -> None:
    """Draw the JSON on stdin, points of (users, value) by panel and line, into the file that is named."""
    matplotlib.rcParams["svg.hashsalt"] = "rtserver"  # the same file from the same numbers
    told = json.load(sys.stdin)
    figure, axes = pyplot.subplots(1, len(told), figsize=(11, 4.2))
    for panel, (title, lines) in zip(axes, told.items(), strict=True):
        for name, points in lines.items():
            if points:
                panel.plot(*zip(*points, strict=True), marker="o", markersize=4, label=name)
        panel.set(xscale="log", yscale="log", title=title, xlabel="users")
        panel.grid(visible=True, which="major", alpha=0.3)
        panel.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(Path(sys.argv[1]), format="svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
