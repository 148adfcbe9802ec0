"""ListenerGroup: the sockets of all workers on the shared ports, and the program that leads newcomers to them.

The supervisor opens the sockets and keeps them open, and workers inherit them. So it knows the number of each in the
kernel, a successor accepts on the sockets of its predecessor, and what waits to be accepted outlives a renewal.
"""

import errno
import logging
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rtserver.base.listener.shared_port import count_listeners, forget_rule, program_of, steer
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.process.bound_socket import bind_addresses, bind_beside
from rtserver.bootstrap.process.listening_socket import BACKLOG, cannot_listen
from rtserver.bootstrap.supervisor.handover import HandedPorts

log = logging.getLogger(__name__)

MIGRATE = Path("/proc/sys/net/ipv4/tcp_migrate_req")


@dataclass(eq=False)
class Listeners:
    """The sockets of one worker: one for each address of each port."""

    public: list[socket.socket] = field(default_factory=list)
    tce: list[socket.socket] = field(default_factory=list)

    @property
    def all(self) -> list[socket.socket]:
        """All sockets, in the order of the addresses."""
        return [*self.public, *self.tce]

    @classmethod
    def of(cls, public: Sequence[int], tce: Sequence[int]) -> "Listeners":
        """Return the sockets with these numbers, which children do not inherit by themselves."""
        found = cls(*([socket.socket(fileno=number) for number in numbers] for numbers in (public, tce)))
        for each in found.all:
            each.set_inheritable(False)
        return found

    def numbers(self) -> list[list[int]]:
        """Return the numbers of the sockets, those of the public port first."""
        return [[each.fileno() for each in sockets] for sockets in (self.public, self.tce)]

    @property
    def is_open(self) -> bool:
        """True until they are closed."""
        return self.public[0].fileno() >= 0

    def close(self) -> None:
        """Close all sockets."""
        for listener in self.all:
            listener.close()


class ListenerGroup:
    """The sockets of the workers, in the order in which the kernel numbers them."""

    def __init__(self) -> None:
        self._guards = Listeners()
        """They are bound and do not listen: they keep the ports when no worker has any."""
        self._order: list[Listeners] = []
        self._first: Listeners | None = None
        """Those that listen from the beginning, until a worker gets them."""
        self._program = b""
        self._is_steerable = True
        self.port = 0

    def bind(self, config: Config) -> None:
        """Take the ports, and listen. Raises ``StartError``; nobody else can have them at the same time."""
        self._guards.public = _guard(config.host, config.port, "--port")
        if config.tce_port:
            self._guards.tce = _guard(config.host, config.tce_port, "--tce-port, or 0 for none")
        self.port = self._guards.public[0].getsockname()[1]
        try:
            self._first = self._open()
            if count_listeners(self._first.all[0]) > 1:  # two programs have taken it in the same moment
                raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
        except OSError as error:
            raise cannot_listen(config.host, self.port, error, "--port") from error

    def hand_over(self) -> HandedPorts:
        """Return the sockets for the program that takes our place."""
        return HandedPorts(self._guards.numbers(), [each.numbers() for each in self._order])

    def adopt(self, ports: HandedPorts) -> list[Listeners]:
        """Own the sockets of the program before this one. Return them in their order."""
        self._guards = Listeners.of(*ports.guards)
        self._order = [Listeners.of(*numbers) for numbers in ports.order]
        self.port = self._guards.public[0].getsockname()[1]
        return list(self._order)

    def open(self) -> Listeners:
        """Return sockets for one more worker, which listen. Raises ``OSError``."""
        listeners, self._first = self._first or self._open(), None
        self._check_count()
        return listeners

    def _open(self) -> Listeners:
        listeners = Listeners(_beside(self._guards.public), _beside(self._guards.tce))
        self._order.append(listeners)
        return listeners

    def close(self, listeners: Listeners) -> None:
        """Close the sockets of a worker that has closed its own ones, or has ended."""
        listeners.close()
        # The kernel gives the number of a closed socket to the youngest.
        place = self._order.index(listeners)
        self._order[place] = self._order[-1]
        self._order.pop()
        if self._order:
            self._check_count()

    def close_all(self) -> None:
        """Give the ports up."""
        for listeners in (*self._order, self._guards):
            listeners.close()
        self._order.clear()

    def steer(self, weights: Mapping[Listeners, int]) -> None:
        """Lead newcomers to the sockets by their weights. If none has a weight, the kernel chooses."""
        if not self._is_steerable or not self._order:
            return
        by_number = [weights.get(each, 0) for each in self._order]
        program = program_of(by_number) if any(by_number) else b""
        if program == self._program:
            return
        if not program:
            forget_rule(self._order[0].all)
        elif not all(steer(listener, program) for listener in self._order[0].all):
            self._give_up("the system refuses the program (SO_ATTACH_REUSEPORT_CBPF)")
            return
        self._program = program

    def _check_count(self) -> None:
        """Look for sockets of strangers, which have numbers, too. Done when ours change, for all rows are read."""
        count = count_listeners(self._order[0].all[0])
        if self._is_steerable and count > len(self._order):
            self._give_up("another program listens there as well")

    def _give_up(self, reason: str) -> None:
        self._is_steerable = False
        if self._order:
            forget_rule(self._order[0].all)
        log.warning(
            "! the kernel spreads new connections over the workers by chance: %s. %s",
            reason,
            "Those that wait at a worker that dies or leaves go to another one (net.ipv4.tcp_migrate_req is 1)"
            if _migrates()
            else "Some are reset when a worker leaves for good; sysctl -w net.ipv4.tcp_migrate_req=1 prevents that",
        )


def _guard(host: str, port: int, option: str) -> list[socket.socket]:
    """Return sockets that nobody shares yet, then let ours be bound beside them. Raises ``StartError``."""
    try:
        guards = bind_addresses(host, port, is_shared=False)
    except OSError as error:
        raise cannot_listen(host, port, error, option) from error
    for guard in guards:
        guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return guards


def _beside(guards: Sequence[socket.socket]) -> list[socket.socket]:
    listeners: list[socket.socket] = []
    try:
        for guard in guards:
            listeners.append(bind_beside(guard))
            listeners[-1].listen(BACKLOG)
    except OSError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def _migrates() -> bool:
    try:
        return MIGRATE.read_text(encoding="ascii").strip() == "1"
    except OSError:
        return False
