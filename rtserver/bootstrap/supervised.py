"""A worker's end of the channel to its supervisor: it tells what it does, and is told when to leave."""

import asyncio
import socket
from collections.abc import Coroutine, Sequence
from typing import cast

import rtserver
from rtserver.bootstrap.app import App
from rtserver.bootstrap.overseer import Overseer
from rtserver.bootstrap.shutdown import Departure
from rtserver.bootstrap.supervisor.assignment import Assignment
from rtserver.bootstrap.supervisor.channel import Channel
from rtserver.bootstrap.supervisor.message import Message


class SupervisorOverseer(Overseer):
    """The supervisor that has given an ``assignment`` to this process. Its end is the end of this one."""

    departure = Departure.LAST
    reloads = True

    def __init__(self, assignment: Assignment) -> None:
        ours = socket.socket(fileno=assignment.channel)
        ours.set_inheritable(False)
        self._channel = Channel(ours, self._on_message)
        self._app: App | None = None
        self._tasks: set[asyncio.Future[None]] = set()

    def tell_up(self, app: App) -> None:
        """See ``Overseer``."""
        self._app = app
        asyncio.get_running_loop().add_reader(self._channel.socket, self._read)
        fleet = app.worker.rpartition("/")[0] + "/"
        notices = [*app.delivery_notices(), *app.version_notices(fleet)]
        self._channel.tell("up", port=app.own_port, version=rtserver.__version__, notices=notices)

    def tell_beat(self) -> None:
        """See ``Overseer``."""
        app = cast(App, self._app)
        self._channel.tell("beat", ready=app.is_ready(), connections=app.connections)

    def tell_closed(self) -> None:
        """See ``Overseer``."""
        self._channel.tell("closed")

    def tell_failed(self, reason: str) -> None:
        """Tell why the start cannot go on. The supervisor shows it."""
        self._channel.tell("failed", reason=reason)

    def _read(self) -> None:
        if not self._channel.read():
            asyncio.get_running_loop().remove_reader(self._channel.socket)
            cast(App, self._app).stop(Departure.LAST)

    def _on_message(self, message: Message) -> None:
        match message:
            case {"type": "leave", "closes_port": closes_port}:
                departure = Departure.REMOVED if closes_port else Departure.SUCCEEDED
                cast(App, self._app).stop(departure)
            case {"type": "ask", "number": number, "what": what}:
                self._begin(self._answer(number, what))
            case {"type": "rescue", "public": public, "tce": tce}:
                files, self._channel.files = self._channel.files, []
                sockets = [socket.socket(fileno=number) for number in files]
                self._begin(self._rescue(sockets[:public], sockets[public : public + tce]))

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, number: int, what: str) -> None:
        app = cast(App, self._app)
        answer = app.metrics_page() if what == "metrics" else await app.readiness()
        self._channel.tell("told", number=number, answer=answer)

    async def _rescue(self, public: Sequence[socket.socket], tce: Sequence[socket.socket]) -> None:
        await cast(App, self._app).rescue(public, tce)
        self._channel.tell("rescued")
