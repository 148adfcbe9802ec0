"""Ports that several sockets listen on, on real ones."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from rtserver.base.shared_port import is_answered, lead_back, lead_past

CLIENTS = 40


def listen(port: int = 0) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(2 * CLIENTS)
    listener.setblocking(False)
    return listener


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The one that listens already, and the one that comes after it."""
    with listen() as old, listen(old.getsockname()[1]) as new:
        yield old, new


def shares(*listeners: socket.socket) -> list[int]:
    """How many of the clients that connect now each of the listeners gets."""
    with ExitStack() as clients:
        for _ in range(CLIENTS):
            clients.enter_context(socket.create_connection(listeners[0].getsockname()))
        return [accept_all(listener) for listener in listeners]


def accept_all(listener: socket.socket) -> int:
    count = 0
    while True:
        try:
            listener.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_newcomers_are_led_past_the_old_one(pair: tuple[socket.socket, socket.socket]) -> None:
    lead_past(pair[:1])
    assert shares(*pair) == [0, CLIENTS]


def test_who_has_come_before_is_still_accepted(pair: tuple[socket.socket, socket.socket]) -> None:
    with ExitStack() as clients:
        for _ in range(CLIENTS):
            clients.enter_context(socket.create_connection(pair[0].getsockname()))
        lead_past(pair[:1])
        assert accept_all(pair[0]) + accept_all(pair[1]) == CLIENTS


def test_who_connected_without_a_word_is_accepted_as_soon_as_it_speaks(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    for listener in pair:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 10)
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(pair[0].getsockname())) for _ in range(CLIENTS)]
        lead_past(pair[:1])
        for client in clients:
            client.sendall(b"x")
        assert accept_all(pair[0]) + accept_all(pair[1]) == CLIENTS


def test_the_rule_does_not_outlive_the_one_who_made_it(pair: tuple[socket.socket, socket.socket]) -> None:
    old, new = pair
    lead_past([old])
    lead_back([old])
    old.close()
    with listen(new.getsockname()[1]) as third:
        first_share, second_share = shares(new, third)
    assert first_share + second_share == CLIENTS
    assert first_share > 0


def test_a_port_of_ones_own_is_not_hurt_by_it() -> None:
    with listen() as alone:
        lead_past([alone])
        assert shares(alone) == [CLIENTS]
        lead_back([alone])
        assert shares(alone) == [CLIENTS]


def test_a_port_that_is_not_shared_is_not_hurt_by_it() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=CLIENTS) as alone:
        alone.setblocking(False)
        lead_past([alone])
        lead_back([alone])
        assert shares(alone) == [CLIENTS]


def test_an_address_is_answered_while_somebody_listens() -> None:
    with closing(listen()) as listener:
        host, port = listener.getsockname()
        assert asyncio.run(is_answered(host, port, 5.0))
        assert asyncio.run(is_answered("0.0.0.0", port, 5.0))
    assert not asyncio.run(is_answered(host, port, 5.0))


def test_who_does_not_answer_in_time_does_not_answer() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with ExitStack() as clients:
            # The system lets one more wait than it was told; the next one's packets are dropped.
            clients.enter_context(socket.create_connection(listener.getsockname()))
            assert not asyncio.run(is_answered(*listener.getsockname(), 0.2))
