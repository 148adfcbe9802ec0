"""The pipe between supervisor and worker, a real one."""

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from rtserver.bootstrap.supervisor.channel import Channel

Told = list[dict[str, Any]]


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel, Told]]:
    """Both, and what the second one has been told."""
    told: Told = []
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours, lambda message: None), Channel(theirs, told.append), told


def test_messages_arrive_in_order(ends: tuple[Channel, Channel, Told]) -> None:
    ours, theirs, told = ends
    assert all(ours.tell("beat", number=number) for number in range(3))
    assert theirs.read()
    assert [message["number"] for message in told] == [0, 1, 2]
    assert theirs.read(), "nothing has come, and the stream has not ended"


def test_open_files_come_with_their_message(ends: tuple[Channel, Channel, Told]) -> None:
    ours, theirs, told = ends
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours.tell("beat")
        ours.tell("rescue", files=[listener.fileno()], public=1)
        while len(told) < 2:
            theirs.read()
        (number,) = theirs.files
        with socket.socket(fileno=number) as same:
            assert same.getsockname() == listener.getsockname()
            assert not os.get_inheritable(number)


def test_the_end_of_the_other_one_is_seen(ends: tuple[Channel, Channel, Told]) -> None:
    ours, theirs, told = ends
    ours.tell("closed")
    ours.socket.close()
    while theirs.read():
        pass
    assert told == [{"type": "closed"}]
    assert not theirs.tell("beat")


def test_one_that_reads_nothing_is_told_nothing_more(ends: tuple[Channel, Channel, Told]) -> None:
    ours, _, _ = ends
    while ours.tell("beat", filler="x" * 10_000):
        pass
