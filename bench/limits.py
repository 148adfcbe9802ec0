"""The limits that rtserver promises to hold, measured on this machine from the outside.

Starts a redis-server and ``python -m rtserver``, the server pinned to one core and everything that makes load to
another, logs in like a browser, and prints a table (and with ``--json FILE`` the numbers).

    make bench
    python -m bench.limits --help
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from bench.load_client import Clients

SERVER_CORE, LOAD_CORE = "0", "1"
START_SECONDS = 60.0
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


def free_port() -> int:
    """A port of loopback that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def pinned(core: str, *command: str) -> list[str]:
    """The command, kept on one core."""
    return ["taskset", "-c", core, *command]


@contextmanager
def running(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended with the block."""
    process = subprocess.Popen(command, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


class Target:
    """A server under load: its port, its Redis and a session of its demo user."""

    def __init__(self, port: int, redis_url: str, pid: int) -> None:
        self.port = port
        self.redis_url = redis_url
        self.pid = pid
        self.cookie = ""

    def wait_ready(self) -> None:
        """Return when /readyz says so."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1):
                    return
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server did not become ready")

    def log_in(self) -> None:
        """Fill in the login form; the session's cookie is then in ``cookie``."""
        jar = CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        address = f"http://127.0.0.1:{self.port}/accounts/login/"
        page = browser.open(address).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if token is None:
            raise SystemExit("the login page has no form")
        form = {"username": "demo", "password": "demo", "csrfmiddlewaretoken": token[1]}
        browser.open(address, urllib.parse.urlencode(form).encode())
        sessions = [cookie.value for cookie in jar if cookie.name == "sessionid"]
        self.cookie = f"sessionid={sessions[0]}"

    def resident_bytes(self) -> int:
        """The process's memory in RAM."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def target() -> Iterator[Target]:
    """A fresh server with a fresh Redis."""
    with tempfile.TemporaryDirectory() as directory:
        redis_port, port = free_port(), free_port()
        redis_url = f"redis://127.0.0.1:{redis_port}/0"
        redis_command = pinned(LOAD_CORE, "redis-server", "--port", str(redis_port), "--save", "", "--dir", directory)
        command = pinned(SERVER_CORE, sys.executable, "-m", "rtserver", "--port", str(port), "--redis-url", redis_url)
        environment = {**os.environ, "RTSERVER_VAR_DIR": directory, "RTSERVER_LOG_LEVEL": "warning"}
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL}
        with (
            running(redis_command, **quiet),
            running([*command, "--no-demo-quotes"], env=environment, **quiet) as process,
        ):
            found = Target(port, redis_url, process.pid)
            found.wait_ready()
            found.log_in()
            yield found


def deliver(found: Target, clients: int, rate: float, seconds: float, *, latency: bool) -> dict[str, Any]:
    """From RPUSH to the clients' read, at ``rate`` messages a second; 0 means as many as the server takes."""
    module = [sys.executable, "-m"]
    load = [*module, "bench.load_client", "--port", str(found.port), "--cookie", found.cookie]
    load += ["--clients", str(clients), "--seconds", str(seconds), "--subscribe", json.dumps(SUBSCRIBE)]
    load += ["--latency"] if latency else []
    produce = [
        *module,
        "bench.producer",
        "--redis",
        found.redis_url,
        "--rate",
        str(rate),
        "--seconds",
        str(seconds + 3),
    ]
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
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    clients = Clients("127.0.0.1", found.port, "/rt/", found.cookie)
    clients.connect(50)
    before = found.resident_bytes()
    seconds = clients.connect(count)
    time.sleep(1.0)  # until what the handshakes left behind is gone
    grown = found.resident_bytes() - before
    clients.close()
    return {"connections_per_second": round(count / seconds), "bytes_per_connection": round(grown / count)}


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--connections", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each scenario")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    arguments = parser.parse_args()

    rows: list[tuple[str, str, str]] = []
    with target() as found:
        print(f"{arguments.connections} idle connections ...", flush=True)
        quiet = idle(found, arguments.connections)
        print(f"100 messages/s to {arguments.clients} clients ...", flush=True)
        steady = deliver(found, arguments.clients, 100, arguments.seconds, latency=True)
        print(f"as many as it takes to {arguments.clients} clients ...", flush=True)
        flat_out = deliver(found, arguments.clients, 0, arguments.seconds, latency=False)
    rows.append(("deliveries/s at saturation", f"{flat_out['deliveries_per_second']:,}", "at least 1,500,000"))
    rows.append(("p50 at 100 messages/s", f"{steady['p50']} ms", "under 5 ms"))
    rows.append(("p99 at 100 messages/s", f"{steady['p99']} ms", "under 25 ms"))
    rows.append(("memory per idle connection", f"{quiet['bytes_per_connection'] / 1024:.1f} KB", "under 20 KB"))
    rows.append(("connections/s", f"{quiet['connections_per_second']:,}", "at least 2,000"))
    print("\n| what | measured | limit |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    if arguments.json:
        numbers = {"idle": quiet, "steady": steady, "saturation": flat_out}
        arguments.json.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
