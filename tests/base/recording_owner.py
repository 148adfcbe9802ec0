"""An owner of WebSocket connections that echoes, notes all it is told, and lets a test wait for what it notes."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from rtserver.base.connection.connection import Connection
from rtserver.base.listener.upgrade import UpgradeRequest, WebSocketServer
from rtserver.base.wire.frame import Opcode, build_frame

DEADLINE = 20.0


class Session:
    """Messages and events of one connection."""

    def __init__(self, connection: Connection, identity: Any) -> None:
        self.connection = connection
        self.identity = identity
        self.messages: list[bytes] = []
        self.lags: list[bool] = []
        self.close_codes: list[int] = []

    def echo(self, opcode: Opcode, payload: bytes) -> None:
        connection = self.connection
        connection.push(connection.framing(payload) if opcode == Opcode.TEXT else build_frame(opcode, payload))


class BinaryEcho:
    """The binary side of one connection."""

    def __init__(self, owner: "RecordingOwner", session: Session) -> None:
        self._owner = owner
        self._session = session

    def receive(self, data: bytes) -> None:
        self._owner.on_binary(self._session, data)

    def end(self) -> None:
        pass


class RecordingOwner:
    """``answer`` and ``identify`` may be replaced by the test; by default everybody may come in and is echoed.

    A request's credential is what ``identify`` returns, and all but ``bad`` ones hold.
    """

    def __init__(self) -> None:
        self.server: WebSocketServer | None = None
        self.sessions: list[Session] = []
        self.answer: Callable[[Session, bytes], Awaitable[object] | None] | None = None
        self.identify: Callable[[UpgradeRequest], Any] = lambda request: "anyone"
        self._noted = asyncio.Event()

    async def until(self, is_true: Callable[[], object]) -> None:
        """Wait for a note that makes ``is_true`` so."""
        async with asyncio.timeout(DEADLINE):
            while not is_true():
                self._noted.clear()
                await self._noted.wait()

    async def connections_ended(self) -> None:
        """Wait until every connection is over by itself."""
        assert self.server is not None
        async with asyncio.timeout(DEADLINE):
            await self.server.wait_empty()

    def credential(self, request: UpgradeRequest) -> Any | None:
        return self.identify(request)

    def authenticate(self, credential: Any) -> Any | None:
        return None if credential == "bad" else credential

    def user_id(self, session: Session) -> str:
        return str(session.identity)

    def on_open(self, connection: Connection, identity: Any) -> Session | None:
        self.sessions.append(Session(connection, identity))
        self._noted.set()
        return self.sessions[-1]

    def on_text(self, session: Session, payload: bytes) -> Awaitable[object] | None:
        session.messages.append(payload)
        self._noted.set()
        if self.answer is not None:
            return self.answer(session, payload)
        session.echo(Opcode.TEXT, payload)
        return None

    def open_binary(self, connection: Any, first: bytes) -> BinaryEcho:
        return BinaryEcho(self, connection.agent)

    def on_binary(self, session: Session, payload: bytes) -> None:
        session.messages.append(payload)
        self._noted.set()
        session.echo(Opcode.BINARY, payload)

    def on_lag(self, session: Session, is_lagging: bool) -> None:
        session.lags.append(is_lagging)
        self._noted.set()

    def on_close(self, session: Session, code: int) -> None:
        session.close_codes.append(code)
        self._noted.set()


def waits_for_nothing(connection: Connection, unsent_bytes: int) -> bool:
    """Return whether the system sends at once, and takes no more than that of what it cannot send."""
    options = (socket.TCP_NODELAY, socket.TCP_NOTSENT_LOWAT)
    values = [connection._stream.socket.getsockopt(socket.IPPROTO_TCP, option) for option in options]
    return values == [1, unsent_bytes]
