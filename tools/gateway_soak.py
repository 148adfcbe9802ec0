"""``make gateway``: ``soak.gateway``, for queues at a broker with a Python that has python-qpid-proton."""

import os
import sys
from pathlib import Path

import environment
from amqp_check import LOCKS
from interpreters import ROOT


def main() -> None:
    """Become the soak."""
    python = Path(sys.executable)
    if "qpid" in sys.argv:
        python = environment.prepare("amqp", python, LOCKS)
    os.chdir(ROOT)
    os.execv(python, [str(python), "-m", "soak.gateway", *sys.argv[1:]])


if __name__ == "__main__":
    main()
