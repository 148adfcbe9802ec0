"""Accepting on real sockets, where the process may open files and where it may not."""

import asyncio
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rtserver.base.listener import acceptor
from rtserver.base.listener.acceptor import Acceptor
from tests.base.recording_owner import DEADLINE

pytestmark = pytest.mark.gen_test(timeout=60)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@contextmanager
def no_more_files() -> Iterator[None]:
    """Let this process open none."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def some_turns() -> None:
    """Of the event loop: a connection within this machine is there at once."""
    for _ in range(20):
        await asyncio.sleep(0)


def accept_one(listener: socket.socket) -> tuple[Acceptor, "asyncio.Future[socket.socket]"]:
    accepted: asyncio.Future[socket.socket] = asyncio.get_running_loop().create_future()
    under_test = Acceptor(asyncio.get_running_loop(), lambda connection, _: accepted.set_result(connection))
    under_test.listen([listener])
    return under_test, accepted


async def test_who_comes_while_no_file_can_be_opened_is_let_in_when_one_can(
    listener: socket.socket, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "REST_SECONDS", 0.01)
    with socket.create_connection(listener.getsockname()):
        with no_more_files():
            under_test, accepted = accept_one(listener)
            await some_turns()
            assert not accepted.done()
        async with asyncio.timeout(DEADLINE):
            (await accepted).close()
        under_test.stop()
    assert "nobody can come in: Too many open files" in caplog.text


async def test_without_files_the_event_loop_has_nothing_to_do(
    listener: socket.socket, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptor, "REST_SECONDS", 3600.0)
    with socket.create_connection(listener.getsockname()), no_more_files():
        under_test, _ = accept_one(listener)
        await some_turns()
        assert len(caplog.records) == 1
        under_test.stop()


async def test_an_end_during_the_rest_is_the_end(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceptor, "REST_SECONDS", 0.0)
    with socket.create_connection(listener.getsockname()):
        with no_more_files():
            under_test, accepted = accept_one(listener)
            await some_turns()
            under_test.stop()
        await some_turns()
        assert not accepted.done()


async def test_who_waits_when_accepting_ends_is_let_in(listener: socket.socket) -> None:
    accepted: list[socket.socket] = []
    under_test = Acceptor(asyncio.get_running_loop(), lambda connection, _: accepted.append(connection))
    under_test.listen([listener])
    # No turn of the event loop in between: nobody has looked yet.
    clients = [socket.create_connection(listener.getsockname()) for _ in range(100)]
    under_test.stop()
    listener.close()
    assert len(accepted) == len(clients)
    for connection in (*accepted, *clients):
        connection.close()
