"""The rig of the asyncio transports."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import ModuleType
from typing import Any, TypeVar

import tcelib as tce
from tests.tcelib.transport.rig import DEADLINE, OPTIONS
from tests.tcelib.transport.talk import AsyncTalk

T = TypeVar("T")


class AsyncioRig:
    """``transport`` is ``asyncio_tcp`` or ``asyncio_websocket``; the TLS contexts are for both sides, or None."""

    def __init__(self, transport: ModuleType, server_tls: Any = None, client_tls: Any = None) -> None:
        self._transport = transport
        self._server_tls = server_tls
        self._client_tls = client_tls
        self._servers: list[Any] = []
        self._connections: list[tce.RpcConnection] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.adapter = tce.RpcCommAdapter("server")
        self.servant = AsyncTalk(asyncio.Event())
        self.adapter.addServant(self.servant)
        self.port = self.listen()

    def run(self, work: Callable[[], T]) -> T:
        async def do() -> T:
            return work()

        return self.run_coroutine(do())

    def run_coroutine(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(DEADLINE)

    def dial(self, port: int = 0, **options: Any) -> tce.RpcConnection:
        connection: tce.RpcConnection = self.run(
            lambda: self._transport.dial(
                "127.0.0.1", port or self.port, tls=self._client_tls, options=replace(OPTIONS, **options)
            )
        )
        self._connections.append(connection)
        return connection

    def listen(self, **options: Any) -> int:
        server = self.run_coroutine(
            self._transport.listen(
                self.adapter, "127.0.0.1", tls=self._server_tls, options=replace(OPTIONS, **options)
            )
        )
        self._servers.append(server)
        port: int = server.port
        return port

    def stop_server(self) -> None:
        while self._servers:
            self.run_coroutine(self._servers.pop().close())

    def leftovers(self) -> list[object]:
        async def others() -> list[object]:
            await asyncio.sleep(0)
            return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

        return self.run_coroutine(others())

    def hang_up(self) -> None:
        while self._connections:
            self.run(self._connections.pop().close)

    def close(self) -> None:
        self.hang_up()
        self.stop_server()
        self.run_coroutine(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)
        self._loop.close()
