"""A server with several workers and thousands of clients: one worker is killed, or all are renewed.

    python -m soak.workers kill                      kill -9 of one of four workers under 10,000 clients
    python -m soak.workers renew                     SIGHUP: all four are renewed, one after the other
    python -m soak.workers kill --clients 1000       a smaller crowd

Each client follows a quote and gets messages of its own, all numbered. Prints what happened. Exit status 1 if a
message was lost, doubled or out of order, if one worker had more than 1.1 times the mean of connections, or if

  kill   the last client had everything again later than after two seconds (--within),
  renew  a client or a newcomer was refused or reset.
"""

import argparse
import logging
import sys

from rtserver.bench.client.error import BenchError
from rtserver.bench.progress import Progress
from soak.workers.play import Order, play
from soak.workers.report import MOST_BACK_SECONDS, text_of


def main() -> int:
    """See the module."""
    options = read_arguments(sys.argv[1:])
    logging.basicConfig(level=logging.WARNING)
    progress = Progress()
    wanted = {name: value for name, value in vars(options).items() if name != "within"}
    try:
        report = play(Order(**wanted), progress.say)
    except (BenchError, TimeoutError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    report.bound = options.within
    print(text_of(report))
    return 1 if report.faults() else 0


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return the options, by the names of ``Order``."""
    parser = argparse.ArgumentParser(
        prog="python -m soak.workers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("play", choices=("kill", "renew"))
    parser.add_argument("--workers", type=int, default=Order.workers)
    parser.add_argument("--clients", type=int, default=Order.clients)
    parser.add_argument("--pushes", type=float, default=Order.pushes, help="messages to single users, a second")
    parser.add_argument("--quotes", type=float, default=Order.quotes, help="ticks of all quotes, a second")
    parser.add_argument("--items", type=int, default=Order.items, help="quotes; each client follows one")
    parser.add_argument("--knocks", type=float, default=Order.knocks, help="newcomers a second (renew)")
    parser.add_argument("--window", type=float, default=Order.window, help="drain_seconds")
    parser.add_argument("--arrivals", type=float, default=Order.arrivals, help="clients a second in the beginning")
    parser.add_argument("--calm", type=float, default=Order.calm, help="seconds of traffic before and after")
    parser.add_argument("--seed", type=int, default=Order.seed)
    parser.add_argument("--within", type=float, default=MOST_BACK_SECONDS, help="seconds until all are back (kill)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
