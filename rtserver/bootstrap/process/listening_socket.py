"""ListeningSockets: bound before anything else is started, so that a second server on the same port ends there."""

import socket
from dataclasses import dataclass, field

import tornado.netutil

from rtserver.base.listener.shared_port import forget_rule
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import StartError

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

    def close(self) -> None:
        """All of them; those that are closed already do not mind."""
        for listener in (*self.public, *self.tce, *self.private):
            listener.close()


def bind(host: str, port: int, option: str = "--port", *, shared: bool = False) -> list[socket.socket]:
    """Sockets to listen on; where they are ``shared``, beside those of other servers that share theirs.

    Raises ``StartError``, which names the address and the ``option`` to choose another.
    """
    try:
        listeners = tornado.netutil.bind_sockets(port, host, backlog=BACKLOG, reuse_port=shared)
    except OSError as error:
        raise StartError(f"cannot listen on {host}:{port}: {error.strerror}; choose another {option}") from error
    forget_rule(listeners)
    return listeners
