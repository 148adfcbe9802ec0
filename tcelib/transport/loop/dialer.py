"""Opening sockets for a client's connection in an asyncio loop, each time one is needed.

Decides what becomes of packets while there is no socket: they wait for it, and are dropped if there will be none.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

from tcelib.error import RPCERROR_CONNECT_FAILED, RpcException
from tcelib.fork import forget_in_children
from tcelib.transport.loop.link import Link
from tcelib.transport.loop.shell import OF_THE_PARENT, LoopHome, LoopShell
from tcelib.transport.option import Options
from tcelib.transport.packet_stream import MakeStream


class Dialer(LoopShell):
    """The transport of ``connection`` while it has no socket. Once it has, a link takes over, until it is lost."""

    def __init__(
        self,
        home: LoopHome,
        options: Options,
        make_stream: MakeStream,
        address: tuple[str, int],
        tls: ssl.SSLContext | None,
    ) -> None:
        super().__init__(home, options)
        self.connection = options.make_connection(self)
        self.connection.calls.can_reconnect = True
        self._make_stream = make_stream
        self._address = address
        self._tls = tls
        self._packets: list[bytes] = []
        self._link: Link | None = None
        self._task: asyncio.Task[Any] | None = None
        forget_in_children(self)

    def forget(self) -> None:
        """See ``tcelib.fork``."""
        self._packets.clear()
        self.connection.abandon(OF_THE_PARENT)

    def write(self, packets: Sequence[bytes], /) -> None:
        """See ``Transport``: kept until there is a socket."""
        self._packets += packets
        self.watch_deadline()
        if self._link is None:
            self._link = link = Link(self.home, self.options, self, self._make_stream())
            self._task = self.home.spawn(self._open(link))

    def close(self) -> None:
        """See ``Transport``: there will be no socket for what was written."""
        self._stop()

    def link_connected(self, link: Link, /) -> None:
        """See ``LinkOwner``."""
        link.connection = self.connection

    def link_opened(self, link: Link, /) -> None:
        """See ``LinkOwner``."""
        if link is not self._link:
            link.abort()
            return
        self.forget_deadline()
        packets, self._packets = self._packets, []
        self.connection.transport = link
        # The first packet carries the token: what a listener calls comes behind it.
        if packets:
            link.write(packets)
        self.connection.opened()

    def link_over(self, link: Link, error: RpcException | None, /) -> None:
        """See ``LinkOwner``."""
        if self.connection.transport is link:
            self._link = None
            self.connection.transport = self
            if error is not None:
                self.connection.lost(error)
        elif link is self._link:
            self._fail(error)

    def link_gone(self, link: Link, /) -> None:
        """See ``LinkOwner``."""

    async def _open(self, link: Link) -> None:
        host, port = self._address
        try:
            async with asyncio.timeout(self.options.connect_seconds):
                await self.home.loop.create_connection(lambda: link, host, port, ssl=self._tls)
        except OSError as error:
            self._task = None
            if link is self._link:
                self._fail(error)

    def _fail(self, error: object) -> None:
        self._stop()
        host, port = self._address
        self.connection.lost(RpcException(RPCERROR_CONNECT_FAILED, f"{host}:{port}: {error}"))

    def _stop(self) -> None:
        self.forget_deadline()
        self._packets.clear()
        link, self._link = self._link, None
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        if link is not None and link.has_socket:
            link.abort()
