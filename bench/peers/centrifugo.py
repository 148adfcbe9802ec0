"""Centrifugo, and with ``--publish`` a backend of it: its HTTP API, or where a Redis is named its stream consumer.

Over HTTP all that is due goes in one batch, and the next after its answer. Topics are channels; own messages go to
the channel of each user in ``BENCH_USERS``. The program is ``BENCH_PROGRAM``.
"""

import os
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import redis
from centrifugo_wire import FIELD, METHOD, STREAM, batch, configuration, publication
from work import TICK, Work, port_argument

BACKLOG = 2000
KEPT = 100_000
"""Entries of the stream that Redis keeps at least: Centrifugo acknowledges entries and deletes none."""
Publish = Callable[[list[str]], object]


def serve() -> None:
    """Become Centrifugo."""
    config = Path(os.environ["BENCH_DIRECTORY"]) / "centrifugo.json"
    config.write_text(configuration(port_argument(), os.environ.get("BENCH_REDIS_URL")), encoding="utf-8")
    os.execl(os.environ["BENCH_PROGRAM"], "centrifugo", "--config", str(config))


def due(work: Work, users: list[str]) -> list[str]:
    """The publications that are due."""
    numbers = work.take()
    if work.is_own:
        return [publication(users[place], work.payload(place)) for place in work.places(numbers, len(users))]
    return [publication(work.topic(number), work.payload(number)) for number in numbers]


def over_http(port: int) -> Publish:
    """Return a function that publishes with one request."""
    connection = HTTPConnection("127.0.0.1", port)

    def publish(publications: list[str]) -> None:
        connection.request("POST", "/api/batch", batch(publications), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200 or b'"error"' in text:
            sys.exit(f"Centrifugo refuses: {answer.status} {text[:200]!r}")

    return publish


def over_stream(url: str) -> Publish:
    """Return a function that publishes with one round trip to Redis.

    A server that cannot keep up is shown no more than a short stream: its messages would only grow old.
    """
    client = redis.Redis.from_url(url)
    waiting = 0

    def publish(publications: list[str]) -> None:
        nonlocal waiting
        with client.pipeline(transaction=False) as pipeline:
            for each in publications if waiting <= BACKLOG else ():
                pipeline.xadd(STREAM, {"method": METHOD, FIELD: each}, maxlen=KEPT, approximate=True)
            pipeline.xinfo_groups(STREAM)
            (group,) = pipeline.execute()[-1]
        waiting = group["lag"] or 0

    return publish


def main() -> None:
    url, users = os.environ.get("BENCH_REDIS_URL"), os.environ["BENCH_USERS"].split()
    publish = over_stream(url) if url else over_http(int(os.environ["BENCH_PORT"]))
    work = Work()
    work.listen()
    while True:
        if publications := due(work, users):
            publish(publications)
        time.sleep(TICK)


if __name__ == "__main__":
    main() if "--publish" in sys.argv else serve()
