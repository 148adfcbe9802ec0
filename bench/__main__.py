"""The comparison with every server that a user could pick instead.

    python -m bench                      everything, a quarter of an hour
    python -m bench fan_out idle --quick

A server gets one core, everything that makes load another. Prints Markdown; ``--json`` keeps the numbers.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.comparison import Numbers, Scale
from bench.machine import describe
from bench.process import load_core_awake, pin_this_process
from bench.publish import publish
from bench.report import add_ratios, report
from bench.scenarios import (
    burst,
    gateway,
    hostile,
    idle,
    limits,
    lone_message,
    rates,
    request_reply,
    rpc,
    slow_readers,
    stalled,
    storm,
    sweeps,
    workers,
)
from rtserver.bootstrap.process.file_limit import raise_file_limit

SCENARIOS: dict[str, Callable[[Scale], Numbers]] = {
    "limits": limits.run,
    "fan_out": sweeps.fan_out,
    "from_redis": sweeps.from_redis,
    "lone_message": lone_message.run,
    "many_topics": sweeps.many_topics,
    "own_message": sweeps.own_message,
    "request_reply": request_reply.run,
    "storm": storm.run,
    "idle": idle.run,
    "slow_readers": slow_readers.run,
    "stalled": stalled.run,
    "rates": rates.run,
    "burst": burst.run,
    "compression": sweeps.compression,
    "rpc": rpc.run,
    "gateway": gateway.run,
    "workers": workers.run,
    "hostile": hostile.run,
}
"""All of them, in the order in which they run."""


def main() -> None:
    """Run what was asked for and print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("scenario", nargs="*", help=f"{', '.join(SCENARIOS)}; none means all")
    parser.add_argument("--quick", action="store_true", help="little of everything: does it work? (90 s)")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    parser.add_argument("--publish", type=Path, help="only put this file's numbers into docs/performance.md")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.scenario if name not in SCENARIOS]:
        parser.error(f"no such scenario: {', '.join(unknown)}")
    if arguments.publish:
        publish(arguments.publish)
        return
    # As a KeyboardInterrupt does, so that the servers under way end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))

    raise_file_limit()  # and that of the processes started later
    pin_this_process()
    with load_core_awake():
        numbers = run(arguments.scenario or list(SCENARIOS), Scale(arguments.quick), arguments.json)
    print("\n" + report(numbers))


def run(names: Sequence[str], scale: Scale, file: Path | None) -> Numbers:
    """The scenarios, one after the other; what is known so far is always in ``file``, if there is one."""
    numbers: Numbers = {"machine": describe(), "quick": scale.is_quick, "scenarios": {}}
    for name in names:
        print(f"{name} ...", flush=True)
        begun = time.monotonic()
        numbers["scenarios"][name] = SCENARIOS[name](scale)
        print(f"  took {time.monotonic() - begun:.0f} s", flush=True)
        add_ratios(numbers)
        if file:
            # After every scenario: what was measured is not lost with what goes wrong later.
            file.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")
    return numbers


if __name__ == "__main__":
    main()
