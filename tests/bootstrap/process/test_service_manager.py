"""Notifications to systemd, on real datagram sockets."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from rtserver.bootstrap.process.service_manager import ServiceManager


@pytest.fixture(params=["a file", "an abstract name"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A socket of the service manager, and what it puts into NOTIFY_SOCKET."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.settimeout(10.0)
        listener.bind(path if request.param == "a file" else "\0" + path)
        yield listener, path if request.param == "a file" else "@" + path


def test_it_is_told_that_we_are_up_that_we_turn_and_that_we_go_down(manager: tuple[socket.socket, str]) -> None:
    listener, address = manager
    service_manager = ServiceManager({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "30000000"})
    for tell, said in (
        (service_manager.tell_ready, b"READY=1"),
        (service_manager.tell_beat, b"WATCHDOG=1"),
        (service_manager.tell_stopping, b"STOPPING=1"),
    ):
        tell()
        assert listener.recv(100) == said


def test_who_wants_no_beats_gets_none(manager: tuple[socket.socket, str]) -> None:
    listener, address = manager
    service_manager = ServiceManager({"NOTIFY_SOCKET": address})
    service_manager.tell_beat()
    service_manager.tell_ready()
    assert listener.recv(100) == b"READY=1"


def test_without_a_manager_nothing_is_said() -> None:
    ServiceManager({}).tell_ready()


def test_a_manager_that_has_gone_or_does_not_read_is_no_trouble(tmp_path: Path) -> None:
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "missing")}).tell_ready()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        service_manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "deaf")})
        for _ in range(1000):  # more than it has room for
            service_manager.tell_ready()
