"""One program of a supervisor follows the other in the same process."""

import os
import socket
from pathlib import Path

import pytest

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.supervisor.handover import VARIABLE, HandedPorts, HandedWorker, Handover
from rtserver.bootstrap.supervisor.listener_group import ListenerGroup
from rtserver.bootstrap.supervisor.reexec import Reexec
from tests.until import until

WORKER = HandedWorker(
    pid=7,
    position=1,
    is_ready=True,
    connections=3,
    port=99,
    version="1",
    channel=12,
    rest='{"a\xff',
    sockets=0,
    columns=[2, 3],
)
PORTS = HandedPorts([[3], [4]], [[[5], [6]], [[8], [9]]])


def test_what_is_left_is_read_once() -> None:
    left = Handover(2, renews=True, workers=[WORKER], ports=PORTS, admin=[10], feed=None, redis=[11, 6379], tally=13)
    environ = {VARIABLE: left.as_text()}
    assert Handover.take_from(environ) == left
    assert environ == {}
    assert Handover.take_from(environ) is None
    assert sorted(left.files()) == [3, 4, 5, 6, 8, 9, 10, 12, 13]


def test_the_sockets_go_on_with_their_numbers_in_the_kernel() -> None:
    before, after = ListenerGroup(), ListenerGroup()
    before.bind(Config(port=0, tce_port=0))
    for _ in range(3):
        before.open()
    told = before.hand_over()
    # As execve leaves them: the numbers are open, and the objects have gone.
    copies = HandedPorts(
        [[os.dup(number) for number in numbers] for numbers in told.guards],
        [[[os.dup(number) for number in numbers] for numbers in pair] for pair in told.order],
    )
    before.close_all()
    workers = after.adopt(copies)
    assert after.port == workers[0].public[0].getsockname()[1]
    for chosen in workers:
        after.steer({chosen: 1})
        with socket.create_connection(("127.0.0.1", after.port)):
            chosen.public[0].accept()[0].close()
    after.close(workers[0])
    after.steer({after.open(): 1})
    after.close_all()


def test_a_program_that_does_not_start_replaces_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    reexec = Reexec(["--port", "no number"])
    assert not reexec.is_due()
    reexec.ask(renews=True)

    def is_refused() -> bool:
        assert not reexec.is_due()
        return "does not start" in caplog.text

    until(is_refused, "it was tried")
    assert not reexec.renews
