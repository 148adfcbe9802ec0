"""Latency against offered load, as a picture. ``bench --publish`` runs it in the environment that has matplotlib."""

import argparse
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot

PERCENTILES = (("p50", "half of the messages are younger"), ("p99", "99 in 100 are younger"))


def draw(rows: dict, title: str, image: Path) -> None:
    """One line for each peer, up to the load that saturates it; both axes logarithmic."""
    figure, axes = pyplot.subplots(1, len(PERCENTILES), figsize=(12, 5), sharex=True, sharey=True)
    for panel, (name, meaning) in zip(axes, PERCENTILES, strict=True):
        for peer, row in rows.items():
            steps = [step for step in row.get("steps", ()) if step[name] > 0]
            loads, ages = [step["offered"] for step in steps], [step[name] for step in steps]
            panel.plot(
                loads, ages, marker="o", markersize=4, linewidth=2.5 if peer == "rtserver" else 1.2, label=peer
            )
        panel.set(xscale="log", yscale="log", title=f"{name}: {meaning}", xlabel="offered, deliveries/s")
        panel.grid(visible=True, which="major", alpha=0.3)
    axes[0].set_ylabel("milliseconds")
    axes[0].legend(fontsize="small")
    figure.suptitle(title)
    figure.tight_layout()
    figure.savefig(image, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", type=Path)
    parser.add_argument("scenario")
    parser.add_argument("setting")
    parser.add_argument("image", type=Path)
    arguments = parser.parse_args()
    numbers = json.loads(arguments.numbers.read_text(encoding="utf-8"))
    rows = numbers["scenarios"][arguments.scenario][arguments.setting]
    draw(rows, f"Latency against offered load, {arguments.setting}", arguments.image)


if __name__ == "__main__":
    main()
