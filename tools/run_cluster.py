"""``make run-cluster``: docs/tce/cluster with its queues, services and gateways, until Ctrl+C.

The queues are at a broker of AMQP 1.0 in memory, or with ``--type stream`` in a Redis of their own.
"""

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import environment
import yaml
from amqp_check import LOCKS
from interpreters import ROOT

SOURCE = ROOT / "docs" / "tce" / "cluster"
HOME = ROOT / "build" / "cluster"
SOCKET, WEBSOCKET, BROKER = 12002, 12001, 5672
STEP = 10
"""Between the ports of one gateway and the next."""
START_SECONDS = 30.0
LOOK_SECONDS = 0.1
STOP_SECONDS = 30.0


class StartError(Exception):
    """A program did not come up. The text is a sentence."""


def main() -> int:
    """Run everything; 1 where something did not start, or ended by itself."""
    order = arguments().parse_args()
    python = (
        environment.prepare("amqp", Path(sys.executable), LOCKS) if order.type == "qpid" else Path(sys.executable)
    )
    try:
        with ExitStack() as stack:
            processes = run(stack, python, order)
            print(told(order), flush=True)
            return wait(processes)
    except StartError as error:
        print(f"! {error}", file=sys.stderr)
        return 1


def arguments() -> argparse.ArgumentParser:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="make run-cluster", description=__doc__)
    parser.add_argument("--type", choices=("qpid", "stream"), default="qpid", help="kind of the queues")
    parser.add_argument(
        "--gateways", type=int, default=1, help="of each kind; those behind the first add 10 to ports"
    )
    parser.add_argument("--servers", type=int, default=1, help="programs that serve the calls")
    parser.add_argument("--port", type=int, default=BROKER, help="of the broker, or of Redis")
    return parser


def run(stack: ExitStack, python: Path, order: argparse.Namespace) -> list[subprocess.Popen[bytes]]:
    """Start everything, one after the other."""
    folders = [written(number, order) for number in range(order.gateways)]
    queues = stack.enter_context(started(broker(python, order), HOME, order.port))
    processes = [queues]
    servers = (started([python, "server.py"], folders[0]) for _ in range(order.servers))
    processes.extend(map(stack.enter_context, servers))
    for number, folder in enumerate(folders):
        for name, port in (("gwserver", SOCKET), ("gwserver_ws", WEBSOCKET)):
            gateway = started([python, "gateway.py", name], folder, port + STEP * number)
            processes.append(stack.enter_context(gateway))
    return processes


def broker(python: Path, order: argparse.Namespace) -> list[str | Path]:
    """Return the command that holds the queues."""
    if order.type == "qpid":
        return [python, "-m", "tcelib.queue.broker", "--port", str(order.port)]
    return ["redis-server", "--port", str(order.port), "--save", "", "--loglevel", "warning"]


def written(number: int, order: argparse.Namespace) -> Path:
    """Write the files of one gateway, compiled; the first one's are those of the servers as well."""
    folder = HOME / f"gateway-{number + 1}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("__pycache__", ".gitignore"))
    services = folder / "services.xml"
    text = services.read_text(encoding="utf-8").replace('type="qpid"', f'type="{order.type}"')
    text = text.replace(f'"{BROKER}"', f'"{order.port}"')
    if number:
        text = re.sub(r"\b(mq_gateway(?:_ws)?)\b", lambda found: own(found[1], number), text)
        for port in (SOCKET, WEBSOCKET):
            text = text.replace(f'"{port}"', f'"{port + STEP * number}"')
    services.write_text(text, encoding="utf-8")
    (folder / "config.yml").write_text(config(order), encoding="utf-8")
    command = [sys.executable, "-m", "tcelib.tmake.tce2py", "-i", "test.idl", "./"]
    subprocess.run(command, cwd=folder, env=with_path(), check=True, stdout=subprocess.DEVNULL)
    return folder


def own(name: str, number: int) -> str:
    """Return the name of a queue that belongs to one gateway."""
    return f"{name}_{number + 1}" if number else name


def config(order: argparse.Namespace) -> str:
    """Return the config.yml of servers that answer to all gateways."""
    read = yaml.safe_load((SOURCE / "config.yml").read_text(encoding="utf-8"))
    endpoints, opened = read["common_defs"]["endpoints"], read["server"]["endpoints"]
    for endpoint in tuple(endpoints):
        endpoint.update(type=order.type, port=order.port)
        if endpoint["name"] == "mq_server":
            continue
        for number in range(1, order.gateways):
            name = own(endpoint["name"], number)
            endpoints.append(
                {**endpoint, "name": name, "address": endpoint["address"].replace(endpoint["name"], name)}
            )
            opened.append({"name": name, "af_mode": "AF_WRITE"})
    return str(yaml.safe_dump(read))


@contextmanager
def started(command: Sequence[str | Path], folder: Path, port: int = 0) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program, and end it at the end. Raises ``StartError`` if it does not listen."""
    if port and is_taken(port):
        raise StartError(f"port {port} is in use")
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(command, cwd=folder, env=with_path(), start_new_session=True)
    try:
        deadline = time.monotonic() + START_SECONDS
        while port and not is_taken(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise StartError(f"{' '.join(map(str, command[1:]))} does not listen on port {port}")
            time.sleep(LOOK_SECONDS)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def is_taken(port: int) -> bool:
    """Return whether somebody listens there."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def with_path() -> dict[str, str]:
    """Return an environment in which programs find tcelib."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def told(order: argparse.Namespace) -> str:
    """Return what to try."""
    ports = ", ".join(str(SOCKET + STEP * number) for number in range(order.gateways))
    place = (HOME / "gateway-1").relative_to(ROOT)
    return (
        f"\n= {order.gateways} gateways for sockets ({ports}) and as many for pages, {order.servers} servers\n"
        f"  try:  cd {place} && PYTHONPATH=../../.. ../../../.venv/bin/python client.py\n"
        "  end:  Ctrl+C"
    )


def wait(processes: Sequence[subprocess.Popen[bytes]]) -> int:
    """Return 0 at SIGINT or SIGTERM, 1 when one of the programs has ended."""
    ended: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.append(0))
    while not ended:
        time.sleep(LOOK_SECONDS)
        for process in processes:
            if process.poll() is not None and not ended:
                print(f"! {process.args} has ended with {process.returncode}", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
