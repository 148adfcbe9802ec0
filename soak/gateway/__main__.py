"""Kills, freezes and cuts gateways, services and their queues under calls of hundreds of clients.

    python -m soak.gateway                            three minutes of everything, over Redis streams
    python -m soak.gateway --type qpid                the same over a broker of AMQP 1.0 in memory
    python -m soak.gateway --only "kill queues"       one fault, again and again
    python -m soak.gateway --calls 1000000            until so many calls have been made
    python -m soak.gateway --seed 7

Prints a line for each fault, then a table. Exit status 1 for one broken promise.
"""

import argparse
import asyncio
import logging
import sys

from soak.chaos.fault_kind import add_only, run_to_the_end
from soak.gateway.fault import FAULTS
from soak.gateway.layout import MQ, QPID, STREAM, Size
from soak.gateway.report import report
from soak.gateway.run import Order, run

SEED = 20130301
INTERRUPTED = 130


def main() -> None:
    """See the module."""
    order = read_arguments(sys.argv[1:])
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # connections that are reset are what we are here for
    print(f"seed {order.seed}, {order.seconds:.0f} s: {', '.join(fault.name for fault in order.faults)}", flush=True)
    try:
        result = run_to_the_end(run(order, lambda line: print(line, flush=True)))
    except asyncio.CancelledError:
        sys.exit(INTERRUPTED)
    print("\n" + report(result))
    sys.exit(not result.is_good)


def read_arguments(arguments: list[str]) -> Order:
    """Return the order of the run."""
    parser = argparse.ArgumentParser(
        prog="python -m soak.gateway",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=SEED, help=f"of order, moments and durations (default {SEED})")
    parser.add_argument(
        "--seconds", type=float, default=180.0, help="of faults; 20 more until all calls have ended (default 180)"
    )
    parser.add_argument("--calls", type=int, default=0, help="go on until so many calls were made (default 0)")
    add_only(parser, FAULTS)
    parser.add_argument("--type", choices=(STREAM, QPID, MQ), default=STREAM, help="of the queues (default stream)")
    parser.add_argument("--gateways", type=int, default=2, help="how many (default 2)")
    parser.add_argument("--services", type=int, default=3, help="how many (default 3)")
    parser.add_argument("--clients", type=int, default=200, help="how many (default 200)")
    parser.add_argument("--rate", type=float, default=4.0, help="calls a second of each client (default 4)")
    chosen = parser.parse_args(arguments)
    size = Size(chosen.type, chosen.gateways, chosen.services, chosen.clients, chosen.rate)
    faults = tuple(fault for fault in chosen.only or FAULTS if fault.fits(size))
    if not faults:
        parser.error("these faults need another --type")
    return Order(chosen.seed, chosen.seconds, chosen.calls, faults, size)


if __name__ == "__main__":
    main()
