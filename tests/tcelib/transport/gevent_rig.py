"""The rigs of the gevent transports, sockets and queues."""

import gc
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import replace
from types import ModuleType
from typing import Any, TypeVar

import gevent
import gevent.event

import tcelib as tce
from tcelib.transport.hub.queue_collection import QueueCollection
from tcelib.transport.hub.queue_kind import MQ, open_queue
from tcelib.transport.hub.shell import HubHome, HubShell
from tests.tcelib.transport.rig import DEADLINE, OPTIONS
from tests.tcelib.transport.talk import Talk

T = TypeVar("T")


class HubThread:
    """A native thread with a hub, which does what it is told."""

    def __init__(self) -> None:
        started: Future[Any] = Future()
        self._thread = threading.Thread(target=self._main, args=(started,))
        self._thread.start()
        self._hub, self._is_over = started.result(DEADLINE)

    def run(self, work: Callable[[], T]) -> T:
        return self.begin(work).result(DEADLINE)

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Begin ``work`` there, and wait for nothing."""
        return self._begin(lambda done: done.set_result(work()))

    def run_coroutine(self, coroutine: Coroutine[Any, Any, T]) -> T:
        def work(done: Future[T]) -> None:
            HubShell(HubHome(), OPTIONS).run(
                coroutine, lambda value, error: done.set_exception(error) if error else done.set_result(value)
            )

        return self._begin(work).result(DEADLINE)

    def leftovers(self) -> list[object]:
        """Greenlets of this thread that are neither done, nor the hub, nor the thread itself, nor the asking one."""

        def others() -> list[object]:
            gevent.sleep(0)
            mine = gevent.getcurrent()
            # By type: isinstance would ask lazy objects of other tests for their class, and so make them work.
            found = [item for item in gc.get_objects() if issubclass(type(item), gevent.Greenlet)]
            return [item for item in found if item is not mine and item.started and item.parent is self._hub]

        return self.run(others)

    def end_thread(self) -> None:
        self.run(self._is_over.set)
        self._thread.join(DEADLINE)

    def _begin(self, work: Callable[[Future[T]], object]) -> Future[T]:
        done: Future[T] = Future()

        def begin() -> None:
            try:
                work(done)
            except BaseException as error:  # noqa: BLE001  it is the asking thread's
                done.set_exception(error)

        self._hub.loop.run_callback_threadsafe(gevent.spawn, begin)
        return done

    def _main(self, started: "Future[Any]") -> None:
        hub = gevent.get_hub()
        is_over = gevent.event.Event()
        keeps_running = hub.loop.async_()  # a hub with nothing to watch ends
        keeps_running.start(lambda: None)
        started.set_result((hub, is_over))
        is_over.wait()
        keeps_running.close()
        hub.destroy(destroy_loop=True)


class GeventRig(HubThread):
    """``transport`` is ``gevent_tcp`` or ``gevent_websocket``; the TLS contexts are for both sides, or None."""

    def __init__(self, transport: ModuleType, server_tls: Any = None, client_tls: Any = None) -> None:
        super().__init__()
        self._transport = transport
        self._server_tls = server_tls
        self._client_tls = client_tls
        self._servers: list[Any] = []
        self._connections: list[tce.RpcConnection] = []
        self.adapter = tce.RpcCommAdapter("server")
        self.servant = Talk(self.run(gevent.event.Event))
        self.adapter.addServant(self.servant)
        self.port = self.listen()

    def dial(self, port: int = 0, **options: Any) -> tce.RpcConnection:
        connection: tce.RpcConnection = self.run(
            lambda: self._transport.dial(
                "127.0.0.1", port or self.port, tls=self._client_tls, options=replace(OPTIONS, **options)
            )
        )
        self._connections.append(connection)
        return connection

    def listen(self, **options: Any) -> int:
        server = self.run(
            lambda: self._transport.listen(
                self.adapter, "127.0.0.1", tls=self._server_tls, options=replace(OPTIONS, **options)
            )
        )
        self._servers.append(server)
        port: int = server.port
        return port

    def stop_server(self) -> None:
        while self._servers:
            self.run(self._servers.pop().close)

    def hang_up(self) -> None:
        while self._connections:
            self.run(self._connections.pop().close)

    def close(self) -> None:
        self.hang_up()
        self.stop_server()
        self.end_thread()


class QueueRig(HubThread):
    """A server reads the queue ``requests``; clients write to it and read their answers from ``answers``.

    Server and clients have a collection of queues each, as if they were several programs.
    """

    def __init__(self, url: str, kind: str = MQ) -> None:
        super().__init__()
        self._url = url
        self._kind = kind
        self._connections: list[tce.RpcQueueConnection] = []
        self.adapter = tce.RpcCommAdapter("server")
        self.servant = Talk(self.run(gevent.event.Event))
        self.adapter.addServant(self.servant)
        self.port = 0
        self.queues = QueueCollection()
        self.server = self.open("requests", self.queues, reads=True)
        self.adapter.addConnection(self.server)
        self.open("answers", self.queues, writes=True)

    def dial(self, port: int = 0, **options: Any) -> tce.RpcConnection:
        queues = QueueCollection()
        url = f"redis://127.0.0.1:{port}/0" if port else self._url
        writer = self.open("requests", queues, url, writes=True, **options)
        writer.setLoopbackMQ(self.open("answers", queues, reads=True))
        return writer

    def open(
        self,
        name: str,
        queues: QueueCollection,
        url: str = "",
        *,
        reads: bool = False,
        writes: bool = False,
        **options: Any,
    ) -> tce.RpcQueueConnection:
        connection = self.run(
            lambda: open_queue(
                name,
                url or self._url,
                name,
                queues,
                reads=reads,
                writes=writes,
                options=replace(OPTIONS, **options),
                kind=self._kind,
            )
        )
        self._connections.append(connection)
        return connection

    def stop_server(self) -> None:
        self.run(self.server.close)

    def hang_up(self) -> None:
        while self._connections:
            self.run(self._connections.pop().close)

    def close(self) -> None:
        self.hang_up()
        self.end_thread()
