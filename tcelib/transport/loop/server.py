"""Accepting connections in an asyncio loop, and ending them."""

import asyncio
import itertools
import ssl

from tcelib.core.adapter import RpcCommAdapter
from tcelib.error import RpcException
from tcelib.fork import drop_descriptor, forget_in_children
from tcelib.transport.listener import open_listener
from tcelib.transport.loop.link import Link
from tcelib.transport.loop.shell import LoopHome
from tcelib.transport.option import Options
from tcelib.transport.packet_stream import MakeStream

CLOSE_SECONDS = 5.0


class AsyncioServer:
    """``adapter`` serves the calls of what is accepted. ``port`` is the one it listens on."""

    def __init__(self, adapter: RpcCommAdapter, options: Options, make_stream: MakeStream) -> None:
        self.adapter = adapter
        self.port = 0
        self._links: set[Link] = set()
        self._home = LoopHome()
        self._options = options
        self._make_stream = make_stream
        self._numbers = itertools.count(1)
        self._is_empty = asyncio.Event()

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        """Listen. Raises ``OSError``."""
        loop = self._home.loop
        listener = open_listener(host, port, self._options.backlog)
        self.port = listener.getsockname()[1]
        self._server = await loop.create_server(
            self._accept,
            sock=listener,
            backlog=self._options.backlog,
            ssl=tls,
            ssl_handshake_timeout=self._options.connect_seconds if tls else None,
        )
        self._sweeper = loop.call_later(self._options.idle_seconds, self._sweep)
        forget_in_children(self)

    def forget(self) -> None:
        """See ``tcelib.fork``: a child does not serve what its parent listens on."""
        for listener in self._server.sockets:
            drop_descriptor(listener.fileno())

    async def close(self) -> None:
        """Stop listening, close the connections, cancel ``async def`` servants, and wait until all are gone.

        Peers have ``CLOSE_SECONDS`` to take what was sent to them.
        """
        self._sweeper.cancel()
        self._server.close()
        for link in tuple(self._links):
            link.dismiss()
        await self._home.cancel_tasks()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._all_gone()
        except TimeoutError:
            for link in tuple(self._links):
                link.abort()
            await self._all_gone()

    def link_connected(self, link: Link, /) -> None:
        """See ``LinkOwner``. Not earlier: of a TLS handshake that fails, nobody is told."""
        link.connection = self._options.make_connection(link)
        if self._options.gives_user_ids:
            link.connection.setUserId(next(self._numbers), is_known=False)
        self.adapter.addConnection(link.connection)
        self._links.add(link)

    def link_opened(self, link: Link, /) -> None:
        """See ``LinkOwner``."""
        link.connection.opened()

    def link_over(self, link: Link, error: RpcException | None, /) -> None:
        """See ``LinkOwner``."""
        if error is not None:
            link.connection.lost(error)

    def link_gone(self, link: Link, /) -> None:
        """See ``LinkOwner``."""
        self._links.discard(link)
        self.adapter.leave(link.connection)  # one whose handshake has failed was never open, and so is never lost
        if not self._links:
            self._is_empty.set()

    def _accept(self) -> Link:
        return Link(self._home, self._options, self, self._make_stream())

    async def _all_gone(self) -> None:
        while self._links:
            self._is_empty.clear()
            await self._is_empty.wait()

    def _sweep(self) -> None:
        """Close the connections on which nothing has moved since the last sweep."""
        for link in tuple(self._links):
            if link.is_active:
                link.is_active = False
            else:
                link.dismiss()
        self._sweeper = self._home.loop.call_later(self._options.idle_seconds, self._sweep)
