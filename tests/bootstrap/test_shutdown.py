"""The order in which a server goes down, and that one step that fails does not keep it from the others."""

import asyncio
import socket
from types import SimpleNamespace
from typing import Any

import pytest

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.shutdown import Shutdown


class Parts:
    """Everything that goes down, and what it was told, in order; what is named in ``broken`` fails."""

    def __init__(self, *broken: str) -> None:
        self.told: list[str] = []
        self.broken = broken
        self.services_end = True
        self.listener = socket.create_server(("127.0.0.1", 0))

    def note(self, name: str, answer: object = None) -> Any:
        def noted(*_: object) -> object:
            self.told.append(name)
            if name in self.broken:
                raise OSError("by a test")
            return answer

        return noted

    def wait(self, name: str) -> Any:
        note = self.note(name)

        async def waited(*_: object) -> None:
            note()

        return waited

    async def go_down(self, *, has_failed: bool) -> bool:
        to_users = type("Box", (), {"drain": self.note("messages"), "__len__": lambda _: 0})()
        drain = SimpleNamespace(close_at_once=self.note("clients"))
        http_listener: Any = SimpleNamespace(stop=self.note("http listener"), clear=self.note("pending"))
        tce_listener: Any = SimpleNamespace(stop=self.note("tce listener"))
        users: Any = SimpleNamespace(
            tell_seen=self.note("seen"), drain=drain, wait_removed=self.wait("hooks"), handle=None
        )
        server: Any = SimpleNamespace(wait_closed=self.wait("sockets"))
        services: Any = SimpleNamespace(
            stop=self.note("services", self.services_end), abandon=self.note("services left behind")
        )
        bridge: Any = SimpleNamespace(to_services=SimpleNamespace(close=self.note("bridge")), to_users=to_users)
        http: Any = SimpleNamespace(close_all_connections=self.wait("http"))
        parts = (http_listener, tce_listener, http, server, users, services, bridge)
        return await Shutdown(Config(), [self.listener], *parts).run(has_failed)


ALL = [
    "http listener",
    "tce listener",
    "seen",
    "services",
    "bridge",
    "messages",
    "clients",
    "pending",
    "sockets",
    "hooks",
    "http",
]


@pytest.mark.parametrize("has_failed", [False, True])
def test_upstream_goes_down_first_and_sockets_last(has_failed: bool) -> None:
    parts = Parts()
    assert asyncio.run(parts.go_down(has_failed=has_failed))
    assert parts.told == ALL


def test_a_service_thread_that_does_not_end_is_left_behind() -> None:
    parts = Parts()
    parts.services_end = False
    assert asyncio.run(parts.go_down(has_failed=False))
    assert "services left behind" in parts.told


@pytest.mark.parametrize("broken", ["http listener", "services", "messages", "sockets"])
def test_a_step_that_fails_is_told_and_clients_hear_of_the_end_all_the_same(
    broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    parts = Parts(broken)
    assert not asyncio.run(parts.go_down(has_failed=False))
    assert {"services", "clients", "sockets"} <= set(parts.told)
    assert "! a step of the shutdown failed" in caplog.text
    assert "by a test" in caplog.text
    parts.listener.close()
