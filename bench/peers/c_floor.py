"""Start of the C floor (``floor/main.c``), with messages from the list ``BENCH_QUEUE`` where a Redis is named."""

import os
from urllib.parse import urlsplit

from work import port_argument

from rtserver.bench.client.websocket import ACCEPT


def main() -> None:
    """Become the program ``BENCH_PROGRAM``."""
    arguments = [os.environ["BENCH_PROGRAM"], str(port_argument()), ACCEPT]
    if url := os.environ.get("BENCH_REDIS_URL"):
        arguments += [str(urlsplit(url).port), os.environ["BENCH_QUEUE"]]
    os.execv(arguments[0], arguments)


if __name__ == "__main__":
    main()
