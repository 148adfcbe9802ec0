"""Kills, freezes and cuts real servers and their Redis under numbered traffic, and counts what is lost.

    python -m soak.chaos                            three minutes of everything
    python -m soak.chaos --workers 4                the same for four workers under a supervisor
    python -m soak.chaos --workers 4 --sentinels    with a Redis that fails over
    python -m soak.chaos --only "kill redis"        one fault, again and again
    python -m soak.chaos --seed 7 --json chaos.json

Prints a line for each fault, then a table. Exit status 1 for one message that is lost, doubled or out of order.
"""

import argparse
import asyncio
import json
import logging
import secrets
import sys
from pathlib import Path

from soak.chaos.fault import FAULTS
from soak.chaos.fault_kind import add_only, run_to_the_end
from soak.chaos.run import Order, run
from soak.chaos.size import Size
from soak.chaos.table import report

SEED = 20130301
INTERRUPTED = 130


def main() -> None:
    """See the module."""
    order, file = read_arguments(sys.argv[1:])
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # connections that are reset are what we are here for
    print(f"seed {order.seed}, {order.seconds:.0f} s: {', '.join(fault.name for fault in order.faults)}", flush=True)
    try:
        result = run_to_the_end(run(order, lambda line: print(line, flush=True)))
    except asyncio.CancelledError:
        sys.exit(INTERRUPTED)
    print("\n" + report(result))
    if file:
        file.write_text(json.dumps(result.as_json(), indent=2) + "\n", encoding="utf-8")
    sys.exit(not result.is_good)


def read_arguments(arguments: list[str]) -> tuple[Order, Path | None]:
    """Return the order of the run and the file for its numbers."""
    parser = argparse.ArgumentParser(
        prog="python -m soak.chaos",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=SEED, help=f"of order, moments and durations (default {SEED})")
    parser.add_argument("--seconds", type=float, default=180.0, help="time for all of it (default 180)")
    add_only(parser, FAULTS)
    parser.add_argument("--servers", type=int, help="how many servers (default 2; 1 with --workers)")
    parser.add_argument("--workers", type=int, default=1, help="workers of each, under a supervisor (default none)")
    parser.add_argument("--sentinels", action="store_true", help="Redis has two replicas and three Sentinels")
    parser.add_argument("--rate", type=float, default=25.0, help="messages a second of each source (default 25)")
    parser.add_argument("--appendfsync", choices=("always", "everysec"), default="everysec", help="as Redis knows it")
    parser.add_argument("--signed", action="store_true", help="with a queue_secret, and every message signed")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds to wait for what is late (default 60)")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    chosen = parser.parse_args(arguments)
    secret = secrets.token_hex() if chosen.signed else ""
    servers = chosen.servers or (1 if chosen.workers > 1 else 2)
    size = Size(
        servers, chosen.workers, chosen.sentinels, rate=chosen.rate, appendfsync=chosen.appendfsync, secret=secret
    )
    faults = tuple(fault for fault in chosen.only or FAULTS if fault.fits(size))
    if not faults:
        parser.error("these faults need other --servers, --workers or --sentinels")
    return Order(chosen.seed, chosen.seconds, faults, size, chosen.patience), chosen.json


if __name__ == "__main__":
    main()
