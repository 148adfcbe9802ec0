"""The supervisor's port for monitors, on real sockets."""

import select
import selectors
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from rtserver.bootstrap.supervisor.admin_listener import MOST_CONNECTIONS, SECONDS, AdminListener
from rtserver.bootstrap.supervisor.http_exchange import TEXT, Request, answer_of

GET = b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Port:
    """A listener and its loop; requests wait for ``answer``."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.asked: list[tuple[Request, Callable[[bytes], object]]] = []
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        self.listener = AdminListener([listener], self.selector, lambda *request: self.asked.append(request))
        self.listener.open()

    def connect(self, data: bytes) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.listener.port))
        client.sendall(data)
        return client

    def turn(self) -> None:
        """Let the loop handle what is there."""
        while events := self.selector.select(0):
            for key, _ in events:
                key.data()

    def turn_until(self, is_so: Callable[[], object]) -> None:
        while not is_so():
            for key, _ in self.selector.select(1.0):
                key.data()


@pytest.fixture
def port() -> Iterator[Port]:
    port = Port()
    yield port
    port.listener.close()
    port.selector.close()


def test_a_request_is_answered_when_the_answer_is_known(port: Port) -> None:
    with port.connect(GET) as client:
        port.turn_until(lambda: port.asked)
        request, respond = port.asked[0]
        assert request.path == "/x"
        body = b"x" * 3_000_000  # more than a socket takes at once
        respond(answer_of(200, body, TEXT))
        client.setblocking(False)
        received = b""
        while not received.endswith(body):
            port.turn()
            received += client.recv(1_000_000)
        port.turn()
        client.setblocking(True)
        assert client.recv(1) == b""


def test_what_is_no_request_is_answered_at_once(port: Port) -> None:
    with port.connect(b"what?\r\n\r\n") as client:
        port.turn_until(lambda: select.select([client], [], [], 0)[0])
        assert client.recv(100).startswith(b"HTTP/1.1 400")


def test_who_has_gone_gets_no_answer_and_costs_nothing(port: Port) -> None:
    with port.connect(GET):
        port.turn_until(lambda: port.asked)
    port.asked[0][1](answer_of(200, b"x" * 3_000_000, TEXT))
    port.turn_until(lambda: len(port.selector.get_map()) == 1)
    assert len(port.selector.get_map()) == 1


def test_who_says_nothing_is_ended_in_time_and_many_of_them_are_turned_away(port: Port) -> None:
    clients = [port.connect(b"") for _ in range(MOST_CONNECTIONS + 1)]
    port.turn_until(lambda: len(port.selector.get_map()) == 1 + MOST_CONNECTIONS)
    port.turn()
    assert clients[-1].recv(1) == b""
    port.listener.tick(time.monotonic() + SECONDS + 1.0)
    assert len(port.selector.get_map()) == 1
    for client in clients:
        client.close()
