"""A backend that pushes quotes with RPUSH: the producing side of the benchmarks.

    python -m bench.producer --redis redis://127.0.0.1:6379/0 --rate 100 --seconds 5

With ``--rate 0`` it pushes in pipelines as fast as the server takes them off the list, never letting more than
``--backlog`` messages wait there. Every label carries the monotonic time, from which a reader on this machine knows
its age.
"""

import argparse
import time

import redis

BATCH = 200


def message(quote: str, number: int) -> str:
    """One service message with one tick."""
    label = f"~~~~{time.monotonic_ns()}"
    point = f'["{label}",{400 + number % 100 / 4}]'
    return f'{{"type":"quote","src":"bench","data":[{{"quote":"{quote}","info":{{"point":{point}}}}}]}}'


def push_steadily(client: redis.Redis, queue: str, quote: str, rate: float, seconds: float) -> int:
    """``rate`` messages a second, each pushed when it is due; how many there were."""
    begun = time.perf_counter()
    number = 0
    while (passed := time.perf_counter() - begun) < seconds:
        if number < passed * rate:
            client.rpush(queue, message(quote, number))
            number += 1
        else:
            time.sleep(max(0.0, number / rate - passed))
    return number


def push_flat_out(client: redis.Redis, queue: str, quote: str, backlog: int, seconds: float) -> int:
    """As much as is taken; how many there were."""
    begun = time.perf_counter()
    number = 0
    while time.perf_counter() - begun < seconds:
        if int(client.llen(queue)) > backlog:
            time.sleep(0.001)
            continue
        client.rpush(queue, *(message(quote, number + i) for i in range(BATCH)))
        number += BATCH
    return number


def main() -> None:
    """Push for a while, print how many."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--queue", default="queue:rtserver")
    parser.add_argument("--quote", default="BENCH:X:20130301")
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--backlog", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=5.0)
    arguments = parser.parse_args()
    client = redis.Redis.from_url(arguments.redis)
    if arguments.rate:
        count = push_steadily(client, arguments.queue, arguments.quote, arguments.rate, arguments.seconds)
    else:
        count = push_flat_out(client, arguments.queue, arguments.quote, arguments.backlog, arguments.seconds)
    print(count)


if __name__ == "__main__":
    main()
