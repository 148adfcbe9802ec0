"""A connection over which TCE packets may come, whatever carries them.

Decides who gets what comes in: the owner, or, until a stranger has shown a token, its ``TceLogin``.
"""

import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar

from rtserver.base.connection.connection import OutgoingConnection
from rtserver.base.connection.owner import ConnectionOwner, Environment
from rtserver.base.limit.connection_rate import ConnectionRate
from rtserver.base.tce.framing import ON_MESSAGE, framing_of, is_split
from rtserver.base.tce.login import TceLogin
from rtserver.base.tce.rpc_transport import TcePeer


class PacketConnection(OutgoingConnection):
    """An open socket of a user, or of a stranger after ``expect_token``."""

    join_packets: Callable[[Sequence[bytes]], bytes]
    """How packets become what is pushed here."""

    may_compress: ClassVar[bool] = False
    """Whether packets may be compressed (TCE protocol, section 1.1)."""

    is_framed: ClassVar[bool] = True
    """Whether the stream comes in pieces that were counted as calls already, one for each."""

    gets_packets: ClassVar[bool] = False
    """Whether messages of the server come as packets, too: by whose index, and in which texts, may be chosen."""

    __slots__ = ("_listener", "_login", "_peer", "_terminal", "rate", "speaks_cesu8")

    def __init__(self, environment: Environment, connection: socket.socket, remote_ip: str) -> None:
        super().__init__(environment, connection, remote_ip)
        self._listener: ConnectionOwner | TceLogin = environment.owner
        self._login: TceLogin | None = None
        self._peer: TcePeer | None = None
        self._terminal = ON_MESSAGE.ifidx
        self.speaks_cesu8 = False
        self._choose_framing()
        self.rate = None if environment.rates is None else ConnectionRate(environment.rates)

    def expect_token(self) -> None:
        """Nobody knows whose connection it is. It is closed unless it shows a token."""
        self._listener = self._login = TceLogin(self._environment, self)

    def admit(self, identity: Any, data: bytes) -> Awaitable[object] | None:
        """The stranger has shown whose it is: give the owner ``data``, and what comes from now on."""
        owner = self._environment.owner
        self._end_login()
        self._listener = owner
        self.accept(owner.on_open(self, identity))
        return owner.on_binary(self.session, data) if self.is_open else None

    def use_terminal(self, index: int) -> None:
        """Call the client's ``ITerminal`` by this index, one of ``TERMINALS``. Before it is accepted."""
        self._terminal = index
        self._choose_framing()

    def look_at_first(self, data: bytes) -> None:
        """Learn from the first bytes of the stream whether the original JavaScript client sends them."""
        if self.is_framed and is_split(data):
            self.speaks_cesu8 = True
            self._choose_framing()

    def _choose_framing(self) -> None:
        if self.gets_packets:
            self.framing = framing_of(self._terminal, is_framed=self.is_framed, in_cesu8=self.speaks_cesu8)

    def receive_packets(self, data: bytes) -> Awaitable[object] | None:
        """Bytes of the stream, wherever they are cut; what is returned is as in ``ConnectionOwner.on_text``."""
        if self._peer is None:
            self.look_at_first(data)
            self._peer = TcePeer(self._environment, self)
        return self._peer.receive(data)

    def _tell_close(self, code: int) -> None:
        super()._tell_close(code)
        self._end_login()
        if self._peer is not None:
            self._peer.end()

    def _end_login(self) -> None:
        if self._login is not None:
            self._login.end()
            self._login = None
