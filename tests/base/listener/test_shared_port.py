"""Ports that several sockets listen on, on real ones."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from rtserver.base.listener import shared_port
from rtserver.base.listener.shared_port import count_listeners, forget_rule, is_answered, lead_past

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
    """Return for each listener the number of clients it gets of those that connect now."""
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


def test_new_connections_are_led_past_the_old_listener(pair: tuple[socket.socket, socket.socket]) -> None:
    assert lead_past(pair[:1])
    assert shares(*pair) == [0, CLIENTS]


def test_of_several_the_youngest_gets_them(pair: tuple[socket.socket, socket.socket]) -> None:
    with listen(pair[0].getsockname()[1]) as third:
        assert lead_past(pair[:1])
        assert shares(*pair, third) == [0, 0, CLIENTS]


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


def test_when_the_old_one_has_gone_the_others_share_as_ever(pair: tuple[socket.socket, socket.socket]) -> None:
    old, new = pair
    with listen(new.getsockname()[1]) as third:
        lead_past([old])
        old.close()
        ours = shares(new, third)
    assert sum(ours) == CLIENTS
    assert all(ours)


def test_who_comes_later_forgets_the_rule(pair: tuple[socket.socket, socket.socket]) -> None:
    old, new = pair
    lead_past([old])
    old.close()
    with listen(new.getsockname()[1]) as third:
        forget_rule([third])
        ours = shares(new, third)
    assert sum(ours) == CLIENTS
    assert all(ours)


def test_a_port_of_ones_own_is_not_hurt_by_it() -> None:
    with listen() as alone:
        assert not lead_past([alone])
        assert shares(alone) == [CLIENTS]
        forget_rule([alone])
        assert shares(alone) == [CLIENTS]


def test_a_port_that_is_not_shared_is_not_hurt_by_it() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=CLIENTS) as alone:
        alone.setblocking(False)
        assert not lead_past([alone])
        forget_rule([alone])
        assert shares(alone) == [CLIENTS]


@pytest.mark.parametrize(("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_those_who_listen_on_an_address_are_counted(family: socket.AddressFamily, host: str) -> None:
    with ExitStack() as stack:
        port = 0
        for count in (1, 2, 3):
            listener = stack.enter_context(socket.socket(family))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind((host, port))
            listener.listen()
            port = listener.getsockname()[1]
            assert count_listeners(listener) == count


def test_of_a_table_with_thousands_of_connections_only_the_listening_sockets_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        head, *rows = shared_port.TABLES[socket.AF_INET].read_text().splitlines()
        own = next(row for row in rows if row.split()[9] == str(shared_port.socket_inode(listener)))
        table = tmp_path / "tcp"
        table.write_text("\n".join([head, own, own, own.replace(" 0A ", " 01 ", 1), "broken"]))
        monkeypatch.setitem(shared_port.TABLES, socket.AF_INET, table)
        assert count_listeners(listener) == 2


def test_where_nobody_can_tell_nobody_is_led(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(shared_port.TABLES, socket.AF_INET, tmp_path / "missing")
    assert not lead_past(pair[:1])


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
