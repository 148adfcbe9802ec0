"""Ports for servers that are started in a moment."""

import socket
from itertools import count

import pytest

from rtserver.bench.free_port import COUNT, FIRST, free_port


def test_nobody_is_given_the_same_one_soon() -> None:
    ports = [free_port() for _ in range(100)]
    assert len(set(ports)) == 100


def test_one_that_somebody_listens_on_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setattr("rtserver.bench.free_port._steps", count(port - FIRST))
    with socket.create_server(("127.0.0.1", port)):
        assert free_port() != port


def test_it_is_none_that_linux_lends_to_outgoing_connections() -> None:
    assert all(port < 32_768 for port in (free_port(), FIRST, FIRST + COUNT))
