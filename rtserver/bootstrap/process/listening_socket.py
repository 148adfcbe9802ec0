"""ListeningSockets: bound before anything else is started, so that a second server on the same port ends there."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field

from rtserver.base.listener.shared_port import forget_rule
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import StartError
from rtserver.bootstrap.process.bound_socket import bind_addresses

BACKLOG = 4096
LOOPBACK = "127.0.0.1"


@dataclass
class ListeningSockets:
    """Bound sockets of a server: public ones, those for binary clients, and those on loop-back for this process
    alone.
    """

    public: list[socket.socket] = field(default_factory=list)
    tce: list[socket.socket] = field(default_factory=list)
    private: list[socket.socket] = field(default_factory=list)

    def bind_all(self, config: Config) -> None:
        """Take the ports of the configuration. Raises ``StartError``; those that were taken are for ``close``."""
        shared = config.reuse_port
        self.public += bind(config.host, config.port, shared=shared)
        if config.tce_port:
            self.tce += bind(config.host, config.tce_port, "--tce-port, or 0 for none", shared=shared)
        self.private += bind(LOOPBACK, config.admin_port, "--admin-port, or 0 for any")

    def inherit(self, config: Config, public: Iterable[int], tce: Iterable[int]) -> None:
        """Take sockets that the supervisor has opened, by their numbers, and a port of this process's own.

        Raises ``StartError``.
        """
        for numbers, listeners in ((public, self.public), (tce, self.tce)):
            for number in numbers:
                listener = socket.socket(fileno=number)
                listener.set_inheritable(False)
                listeners.append(listener)
        self.private += bind(LOOPBACK, config.admin_port, "--admin-port, or 0 for any")

    def close(self) -> None:
        """All of them; those that are closed already do not mind."""
        for listener in (*self.public, *self.tce, *self.private):
            listener.close()


def bind(host: str, port: int, option: str = "--port", *, shared: bool = False) -> list[socket.socket]:
    """Sockets to listen on; where they are ``shared``, beside those of other servers that share theirs.

    Raises ``StartError``, which names the address and the ``option`` to choose another.
    """
    try:
        listeners = bind_addresses(host, port, is_shared=shared)
        for listener in listeners:
            listener.listen(BACKLOG)
    except OSError as error:
        raise cannot_listen(host, port, error, option) from error
    forget_rule(listeners)
    return listeners


def cannot_listen(host: str, port: int, error: OSError, option: str) -> StartError:
    """Return the error for the person at the terminal."""
    return StartError(f"cannot listen on {host}:{port}: {error.strerror}; choose another {option}")
