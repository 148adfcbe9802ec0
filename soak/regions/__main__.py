"""A core and two regions of two servers each, 40 ms from the core; the way is cut and mended.

    python -m soak.regions [--clients 20] [--rate 50] [--seconds 20] [--delay 0.04] [--rounds 2]

Producers push to everyone at the core, pages sit in the regions. Each round cuts the replica of one region off, then
the whole region. Exits with 1 if a page missed a message, showed one twice or out of order, or was told of a loss, if
a server counted one, or did not leave a silent replica within four seconds.
"""

import argparse
import sys
from dataclasses import asdict

from soak.regions.play import play


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=20, help="pages on each of the four servers")
    parser.add_argument("--rate", type=float, default=50.0, help="messages a second, each to all pages")
    parser.add_argument("--seconds", type=float, default=20.0, help="of a cut, and of the calm behind it")
    parser.add_argument("--delay", type=float, default=0.04, help="seconds from a region to the core, one way")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    report = play(options.clients, options.rate, options.seconds, options.delay, options.rounds)
    for name, value in asdict(report).items():
        print(f"{name:20} {value}")
    sys.exit(0 if report.is_good else 1)


if __name__ == "__main__":
    main()
