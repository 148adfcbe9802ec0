"""Designs for up to a million users, carried by measured unit costs.

    python -m bench.simulate                      the tables
    python -m bench.simulate --per-message 20     the same with 20 ticks in each message
    python -m bench.simulate --chart FILE.svg     and their chart
    python -m bench.simulate check                compare the model with real runs; exit status 1 beyond 15 %
    python -m bench.simulate publish              put all of it into docs/scaling.md
    python -m bench.simulate measure              measure anew, all twice: 20 minutes on a quiet machine
    python -m bench.simulate measure --run 2workers --repeat 1    one piece of that, shorter than 100 seconds

What was measured is kept in bench/simulate/measured.json.
"""

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.peers.environment import InstallError, python_of
from bench.publish import DOCS, insert
from bench.simulate.design import SIZES, Bounds, Size, variants
from bench.simulate.fit import MOST_ERROR, all_costs, check, fit
from bench.simulate.measured import FILE, Measured
from bench.simulate.measuring import PIECES, chosen, measure
from bench.simulate.report import check_table, cost_table, design_table, panels, throughput_table
from rtserver.bench.client.error import BenchError
from rtserver.bootstrap.process.file_limit import raise_file_limit

REPEATS = 2
CHART = "simulated.svg"
DRAW = Path(__file__).with_name("draw.py")


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.simulate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chart", type=Path, help="draw the designs into this SVG file")
    parser.add_argument("--per-message", type=int, default=1, help="ticks that producers put into one message (1)")
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("check", help="compare the model with real runs")
    commands.add_parser("publish", help="put chart and tables into docs/scaling.md")
    measuring = commands.add_parser("measure", help="measure the unit costs anew")
    measuring.add_argument("--run", action="append", choices=PIECES, help="a piece; all without it")
    measuring.add_argument("--repeat", type=int, choices=range(1, REPEATS + 1), help="which repeat; all without it")
    arguments = parser.parse_args()
    if arguments.per_message < 1:
        parser.error("--per-message must be at least 1")
    if arguments.command == "measure":
        return measure_pieces(arguments.run or (), [arguments.repeat] if arguments.repeat else range(1, REPEATS + 1))
    measured = Measured.load()
    if missing := [name for name in PIECES if name not in measured.pieces]:
        parser.error(f"{FILE} lacks {', '.join(missing)}: measure them first")
    if arguments.command == "check":
        text, is_near = checks(measured)
        print(text)
        return 0 if is_near else 1
    if arguments.command == "publish":
        return publish(measured)
    print(designs(measured, [replace(size, per_message=arguments.per_message) for size in SIZES]))
    return draw(measured, arguments.chart) if arguments.chart else 0


def designs(measured: Measured, sizes: Sequence[Size]) -> str:
    """Return the tables of designs, unit costs and queues."""
    costs, bounds = all_costs(measured), Bounds()
    parts = [f"**{title}**\n\n{design_table(rows, bounds)}" for title, rows in variants(costs, bounds, sizes)]
    parts.append(f"**Unit costs**\n\n{cost_table(costs)}\n\nMeasured on: {measured.machines()}.")
    parts.append(f"**Throughput of queues**\n\n{throughput_table(measured.means('queues'))}")
    return "\n\n".join(parts)


def checks(measured: Measured) -> tuple[str, bool]:
    """Return the model beside real runs, and whether it is near enough to all of them."""
    costs = fit(measured.fitted())
    sets = {
        "Real runs that no cost comes from": check(costs, measured.held_out()),
        "Real runs that the costs come from": check(costs, measured.fitted()),
    }
    parts = []
    for title, checked in sets.items():
        near = sum(each.is_near for each in checked)
        parts.append(f"**{title}**: {near} of {len(checked)} are within {MOST_ERROR:.0%}\n\n{check_table(checked)}")
    return "\n\n".join(parts), all(each.is_near for checked in sets.values() for each in checked)


def draw(measured: Measured, image: Path) -> int:
    """Draw the chart in the environment that has matplotlib. Return the exit status."""
    told = json.dumps(panels(all_costs(measured), Bounds()))
    try:
        subprocess.run([python_of("chart"), str(DRAW), str(image)], input=told, text=True, check=True)
    except (InstallError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def publish(measured: Measured) -> int:
    """Put chart and tables between the marks of docs/scaling.md. Return the exit status."""
    if status := draw(measured, DOCS / "img" / CHART):
        return status
    page = DOCS / "scaling.md"
    told = f"![Designs by the number of users](img/{CHART})\n\n{designs(measured, SIZES)}\n\n{checks(measured)[0]}"
    page.write_text(insert(page.read_text(encoding="utf-8"), told), encoding="utf-8")
    return 0


def measure_pieces(names: Sequence[str], repeats: Sequence[int]) -> int:
    """Measure pieces, and keep each when it is done: what was measured is not lost with what goes wrong later."""
    # As a KeyboardInterrupt does, so that the servers under way end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    raise_file_limit()  # and that of the processes started later
    for repeat in repeats:
        for name, piece in chosen(names).items():
            print(f"{name}: {piece.title}, {repeat} of {REPEATS} ...", flush=True)
            try:
                told = measure(piece)
            except BenchError as error:
                print(f"  {error}", file=sys.stderr)
                return 1
            measured = Measured.load()
            measured.put(name, repeat, told)
            measured.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
