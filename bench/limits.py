"""The limits that rtserver promises to hold, measured on this machine from the outside.

Starts a redis-server and ``python -m rtserver``, the server pinned to one core and everything that makes load to
another, logs in like a browser, and prints a table (and with ``--json FILE`` the numbers).

    make bench ARGS=limits
    python -m bench.limits --help
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.load_client import Clients
from bench.process import LOAD_CORE, load_core_awake, pin_this_process, pinned, resident_bytes, running
from bench.target import Target, target

SUBSCRIBE = {
    "type": "mycharts",
    "data": {
        "type": "quote",
        "chart_id": "bench",
        "exchange": "BENCH",
        "item": "X",
        "date": "20130301",
        "update": "dynamic",
    },
}


def deliver(found: Target, clients: int, rate: float, seconds: float, *, latency: bool) -> dict[str, Any]:
    """From RPUSH to the clients' read, at ``rate`` messages a second; 0 means as many as the server takes."""
    module = [sys.executable, "-m"]
    load = [*module, "bench.load_client", "--port", str(found.port), "--cookie", found.cookie]
    load += ["--clients", str(clients), "--seconds", str(seconds), "--subscribe", json.dumps(SUBSCRIBE)]
    load += ["--latency"] if latency else []
    produce = [*module, "bench.producer", "--redis", found.redis_url]
    produce += ["--rate", str(rate), "--seconds", str(seconds + 3)]
    with subprocess.Popen(
        pinned(LOAD_CORE, *load), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        if client.stdout.readline() != "ready\n":
            raise SystemExit("the clients did not get their charts")
        with running(pinned(LOAD_CORE, *produce), stdout=subprocess.DEVNULL):
            client.stdin.write("\n")
            client.stdin.flush()
            result: dict[str, Any] = json.loads(client.stdout.readline())
            return result


def idle(found: Target, count: int) -> dict[str, Any]:
    """Memory and handshakes per second of ``count`` connections that do nothing."""
    pin_this_process()
    with Clients("127.0.0.1", found.port, "/rt/", found.cookie) as clients:
        clients.connect(50)
        before = resident_bytes(found.pid)
        seconds = clients.connect(count)
        time.sleep(1.0)  # until what the handshakes left behind is gone
        grown = resident_bytes(found.pid) - before
    return {"connections_per_second": round(count / seconds), "bytes_per_connection": round(grown / count)}


def measure(clients: int, connections: int, seconds: float) -> dict[str, Any]:
    """All that is promised, on one fresh server; ``seconds`` of each delivery."""
    with target() as found:
        print(f"{connections} idle connections ...", flush=True)
        quiet = idle(found, connections)
        print(f"100 messages/s to {clients} clients ...", flush=True)
        steady = deliver(found, clients, 100, seconds, latency=True)
        print(f"as many as it takes to {clients} clients ...", flush=True)
        flat_out = deliver(found, clients, 0, seconds, latency=False)
    return {"idle": quiet, "steady": steady, "saturation": flat_out}


def table(numbers: dict[str, Any]) -> str:
    """What was measured against what is promised, as Markdown."""
    quiet, steady = numbers["idle"], numbers["steady"]
    rows = [
        ("deliveries/s at saturation", f"{numbers['saturation']['deliveries_per_second']:,}", "at least 1,500,000"),
        ("p50 at 100 messages/s", f"{steady['p50']} ms", "under 5 ms"),
        ("p99 at 100 messages/s", f"{steady['p99']} ms", "under 25 ms"),
        ("memory per idle connection", f"{quiet['bytes_per_connection'] / 1024:.1f} KB", "under 20 KB"),
        ("connections/s", f"{quiet['connections_per_second']:,}", "at least 2,000"),
    ]
    return "\n".join(["| what | measured | limit |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each scenario")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    arguments = parser.parse_args()
    with load_core_awake():
        numbers = measure(arguments.clients, arguments.connections, arguments.seconds)
    print(f"\n{table(numbers)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
