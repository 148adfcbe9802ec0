"""Machines of a network that can be cut: namespaces of the kernel, joined by a bridge. Only root may make them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple


class Machine(NamedTuple):
    """A host, and what a command begins with to run there."""

    host: str = "127.0.0.1"
    prefix: tuple[str, ...] = ()


LOOPBACK = Machine()


@contextmanager
def network(size: int) -> Iterator[list[Machine]]:
    """Machines that see each other and this one."""
    number = os.getpid() % 65_536
    name, net = f"rt{number}", f"10.{number >> 8}.{number & 255}"
    with ExitStack() as stack:
        _ip("link", "add", name, "type", "bridge")
        stack.callback(_ip, "link", "del", name)
        _ip("address", "add", f"{net}.254/24", "dev", name)
        _ip("link", "set", name, "up")
        machines = []
        for place in range(1, size + 1):
            space, inside = f"{name}-{place}", ("netns", "exec", f"{name}-{place}", "ip")
            _ip("netns", "add", space)
            stack.callback(_ip, "netns", "del", space)
            _ip("link", "add", f"{name}v{place}", "type", "veth", "peer", "name", "eth0", "netns", space)
            stack.callback(_ip, "link", "del", f"{name}v{place}")  # the kernel would do so some time later
            _ip("link", "set", f"{name}v{place}", "master", name, "up")
            _ip(*inside, "address", "add", f"{net}.{place}/24", "dev", "eth0")
            for device in ("lo", "eth0"):
                _ip(*inside, "link", "set", device, "up")
            machines.append(Machine(f"{net}.{place}", ("ip", "netns", "exec", space)))
        yield machines


def cut(machine: Machine, *others: str) -> None:
    """Let a machine reach these hosts no more, nor they it: what it sends is dropped without a word."""
    for host in others:
        subprocess.run([*machine.prefix, "ip", "route", "add", "blackhole", f"{host}/32"], check=True)


def join(machine: Machine, *others: str) -> None:
    """Undo ``cut``."""
    for host in others:
        subprocess.run([*machine.prefix, "ip", "route", "del", "blackhole", f"{host}/32"], check=True)


def bridge_of(machines: list[Machine]) -> str:
    """The host that this machine is to the others."""
    return f"{machines[0].host.rpartition('.')[0]}.254"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
