"""Shutdown: the order in which a server goes down, and how long each step may take.

It ends upstream parts first, so that a part has got everything that it will ever get when its own turn comes: new
connections, then the intake, then what was taken is handled and sent, then the sockets. ``user.drain`` closes the
users' connections. Here it is decided how: one by one if another server listens on the port already, else all at
once.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

from tornado.httpserver import HTTPServer

from rtserver.base.bridge.mailbox import Bridge
from rtserver.base.listener.http_listener import HttpListener
from rtserver.base.listener.shared_port import hurry, is_answered, lead_past
from rtserver.base.listener.tce_listener import TceListener
from rtserver.base.listener.upgrade import WebSocketServer
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.listener_side import UNDER_WAY_SECONDS
from rtserver.service.thread.service_thread import ServiceThread
from rtserver.user.user_manager import UserManager

log = logging.getLogger(__name__)

SUCCESSOR_SECONDS = 0.5
FLUSH_SECONDS = 2.0  # as long as a connection takes for its close at most
CLOSE_SECONDS = 1.0
LEAST_PATIENCE = 0.5


class Departure(Enum):
    """State of the port behind a server that goes down, as far as whoever ends it knows."""

    UNKNOWN = auto()
    """A server of its own: it looks whether another one listens on its port."""
    LAST = auto()
    """Nobody listens there: clients are told when to come back."""
    SUCCEEDED = auto()
    """A successor accepts on the same sockets, so nothing is lost that waits at them."""
    REMOVED = auto()
    """Others listen there, newcomers are led to them already, and these sockets are closed for good."""


@dataclass(frozen=True)
class Shutdown:
    """The parts of a running server, for its end. Both listeners accept on ``sockets``, which are closed here."""

    config: Config
    sockets: Sequence[socket.socket]
    http_listener: HttpListener
    tce_listener: TceListener
    http: HTTPServer
    server: WebSocketServer
    users: UserManager
    services: ServiceThread
    bridge: Bridge

    async def run(
        self,
        has_failed: bool = False,
        departure: Departure = Departure.UNKNOWN,
        on_closed: Callable[[], object] = lambda: None,
    ) -> bool:
        """Take all steps, whatever becomes of one. Return True if all went well.

        With ``has_failed`` clients are only told to come back. ``on_closed`` is called when nobody can come in any
        more.
        """
        host, port = self.sockets[0].getsockname()[:2]

        async def close_listeners() -> None:
            await self._close_listeners(departure)
            on_closed()

        steps: list[Callable[[], Awaitable[object]]] = [close_listeners]
        if not has_failed and departure is not Departure.LAST:
            is_known = departure is not Departure.UNKNOWN
            steps.append(self._hand_over if is_known else lambda: self._hand_over_to_successor(host, port))
        steps += [self._finish_work, self._close_connections]
        return all([await _is_done(step) for step in steps])

    async def _close_listeners(self, departure: Departure) -> None:
        if departure is Departure.REMOVED:
            for socket_ in self.sockets:
                hurry(socket_)
            await asyncio.sleep(UNDER_WAY_SECONDS)
        elif departure is Departure.UNKNOWN and self.config.reuse_port and lead_past(self.sockets):
            await asyncio.sleep(UNDER_WAY_SECONDS)
        self.http_listener.stop()
        self.tce_listener.stop()
        for socket_ in self.sockets:
            socket_.close()

    async def _hand_over_to_successor(self, host: str, port: int) -> None:
        if await is_answered(host, port, SUCCESSOR_SECONDS):
            await self._hand_over()

    async def _hand_over(self) -> None:
        """Close connections over ``drain_seconds``, while both threads work as ever, so that no client is without
        data.

        The intake goes on too: both servers read every message, whichever moves it, and the other one may not be up
        yet.
        """
        seconds, count = self.config.drain_seconds, len(self.users.agents)
        log.info("= going down: another server listens here, %d clients go there within %g s", count, seconds)
        loop = asyncio.get_running_loop()
        await self.users.drain.close_one_by_one(seconds, loop.time, asyncio.sleep)

    async def _finish_work(self) -> None:
        log.info("= going down: finishing the messages that were taken")
        patience = max(LEAST_PATIENCE, self.config.shutdown_seconds - FLUSH_SECONDS - CLOSE_SECONDS)
        self.users.tell_seen()
        # In another thread, because this one has to take what the services still post.
        if not await asyncio.to_thread(self.services.stop, patience):
            self.services.abandon()
        self.bridge.to_services.close()
        while self.bridge.to_users.drain(self.users.handle, len(self.bridge.to_users)):
            pass  # a drain ends behind a large message

    async def _close_connections(self) -> None:
        self.users.drain.close_at_once(round(self.config.drain_seconds * 1000))
        self.http_listener.clear()
        await self.server.wait_closed(FLUSH_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.users.wait_removed()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.http.close_all_connections()


async def _is_done(step: Callable[[], Awaitable[object]]) -> bool:
    """Take a step, and return True if it went well. A failure must not keep clients from being told, nor sockets
    open.
    """
    try:
        await step()
    except Exception:
        log.exception("! a step of the shutdown failed")
        return False
    return True
