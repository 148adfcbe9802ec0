"""Calls through a gateway over Redis streams, and the memory that it has then: it must not grow with them.

    python -m soak.gateway_memory                     ten million calls
    python -m soak.gateway_memory --calls 200000      half a minute

Prints Markdown; exit status 1 says that it has grown. What it makes once it has made after a tenth of the calls.
"""

import argparse
import sys
import time
from collections.abc import Iterator

from bench.caller import Callers
from bench.peers.gateway_wire import GatewayTalk, tce_calls
from bench.peers.running import RunningPeer, started
from bench.peers.table import GATEWAY
from bench.process import cpu_seconds, pin_this_process
from rtserver.bench.process import resident_bytes

CONNECTIONS, DEPTH = 4, 500
SECONDS = 2.0
MEBIBYTE = 1 << 20
MOST_GROWN = 4 * MEBIBYTE
"""Blocks of the allocator that come and go with the size of a read."""
ROWS = 10


def run(calls: int, running: RunningPeer) -> Iterator[tuple[int, float, float, int]]:
    """Make so many calls. Yield a few times how many were answered, seconds, processor seconds, resident bytes."""
    begun, spent = time.monotonic(), cpu_seconds(running.pid)
    answered = 0
    with running.sockets(CONNECTIONS) as sockets:
        ring = tce_calls()
        with Callers(sockets, lambda: GatewayTalk(ring), DEPTH, sleeps=True) as callers:
            for row in range(1, ROWS + 1):
                while answered < calls * row / ROWS:
                    numbers = callers.measure(SECONDS)
                    answered += round(numbers["per_second"] * SECONDS)
                took, used = time.monotonic() - begun, cpu_seconds(running.pid) - spent
                yield answered, took, used, resident_bytes(running.pid)


def main() -> None:
    """Run, and judge."""
    parser = argparse.ArgumentParser(
        prog="python -m soak.gateway_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--calls", type=int, default=10_000_000)
    calls = parser.parse_args().calls
    pin_this_process()
    print("| calls | seconds | gateway's core, µs a call | resident, MiB |\n|--:|--:|--:|--:|", flush=True)
    sizes = []
    with started(GATEWAY) as running:
        for answered, took, used, size in run(calls, running):
            sizes.append(size)
            each = 1e6 * used / answered
            print(f"| {answered:,} | {took:.0f} | {each:.1f} | {size / MEBIBYTE:.1f} |", flush=True)
    grown = sizes[-1] - sizes[0]
    print(f"\nIt has grown by {grown / MEBIBYTE:.1f} MiB; {MOST_GROWN / MEBIBYTE:.0f} are allowed.")
    sys.exit(grown > MOST_GROWN)


if __name__ == "__main__":
    main()
