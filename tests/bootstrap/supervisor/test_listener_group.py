"""Sockets of several workers on one port, real ones: who gets a newcomer, and that nobody is reset."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import StartError
from rtserver.bootstrap.supervisor import listener_group
from rtserver.bootstrap.supervisor.listener_group import ListenerGroup, Listeners

CLIENTS = 60
HOSTS = ["127.0.0.1", "::1", "localhost"]


@pytest.fixture
def group(request: pytest.FixtureRequest) -> Iterator[ListenerGroup]:
    group = ListenerGroup()
    group.bind(Config(host=getattr(request, "param", "127.0.0.1"), port=0, tce_port=0))
    yield group
    group.close_all()


def shares(group: ListenerGroup, *workers: Listeners) -> list[int]:
    """Return for each worker the number of clients it gets of those that connect now to each address."""
    with ExitStack() as clients:
        for listener in workers[0].public:
            for _ in range(CLIENTS):
                clients.enter_context(socket.create_connection(listener.getsockname()[:2]))
        return [sum(len(accept_all(listener)) for listener in worker.public) for worker in workers]


def accept_all(listener: socket.socket) -> list[None]:
    taken: list[None] = []
    while True:
        try:
            taken.append(listener.accept()[0].close())
        except BlockingIOError:
            return taken


@pytest.mark.parametrize("group", HOSTS, indirect=True)
def test_newcomers_go_by_weight_at_every_address(group: ListenerGroup) -> None:
    workers = [group.open() for _ in range(4)]
    everyone = CLIENTS * len(workers[0].public)
    for chosen in range(4):
        group.steer({workers[chosen]: 5})
        assert shares(group, *workers) == [everyone * (number == chosen) for number in range(4)]
    group.steer({workers[1]: 1, workers[2]: 3})
    first, second, third, fourth = shares(group, *workers)
    assert first == fourth == 0
    assert 0 < second < third


def test_a_port_of_binary_clients_is_steered_as_well() -> None:
    group = ListenerGroup()
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        port = chosen.getsockname()[1]
    group.bind(Config(port=0, tce_port=port))
    first, second = group.open(), group.open()
    group.steer({second: 1})
    with socket.create_connection(("127.0.0.1", port)):
        assert not accept_all(first.tce[0])
        assert accept_all(second.tce[0])
    group.close_all()


def test_the_youngest_takes_the_number_of_one_that_closes(group: ListenerGroup) -> None:
    workers = [group.open() for _ in range(4)]
    group.steer({workers[3]: 1})
    group.close(workers[0])
    for chosen in workers[1:]:
        group.steer({chosen: 1})
        assert shares(group, *workers[1:]) == [CLIENTS * (each is chosen) for each in workers[1:]]


def test_one_that_comes_later_has_the_last_number(group: ListenerGroup) -> None:
    workers = [group.open() for _ in range(3)]
    group.close(workers.pop(1))
    workers.append(group.open())
    group.steer({workers[-1]: 1})
    assert shares(group, *workers) == [0, 0, CLIENTS]


def test_without_weights_the_kernel_chooses(group: ListenerGroup) -> None:
    workers = [group.open() for _ in range(2)]
    group.steer({workers[0]: 1})
    group.steer({})
    assert all(shares(group, *workers))


def test_nobody_is_reset_while_listener_0_of_4_closes_under_load(group: ListenerGroup) -> None:
    workers = [group.open() for _ in range(4)]
    group.steer(dict.fromkeys(workers, 1))
    outcomes: Counter[str] = Counter()
    is_over, is_closed, has_served = threading.Event(), threading.Event(), threading.Event()

    def knock() -> None:
        while not is_over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", group.port), timeout=20.0) as client:
                    outcomes[client.recv(1).decode()] += 1
            except OSError as error:
                outcomes[type(error).__name__] += 1

    def greet(listener: socket.socket) -> bool:
        try:
            client = listener.accept()[0]
        except BlockingIOError:
            return False
        with client:
            client.sendall(b"x")
        return True

    def serve() -> None:
        others = [worker.public[0] for worker in workers[1:]]
        while not has_served.is_set():
            for listener in others if is_closed.is_set() else [workers[0].public[0], *others]:
                greet(listener)

    def count(more: int) -> None:
        reached = outcomes["x"] + more
        while outcomes["x"] < reached and not any(outcomes[name] for name in outcomes if name != "x"):
            threading.Event().wait(0.001)

    server, knockers = threading.Thread(target=serve), [threading.Thread(target=knock) for _ in range(8)]
    for thread in (server, *knockers):
        thread.start()
    count(100)
    group.steer(dict.fromkeys(workers[1:], 1))
    count(100)  # handshakes that were under way are through
    is_closed.set()
    while greet(workers[0].public[0]):
        pass
    group.close(workers[0])
    group.steer(dict.fromkeys(workers[1:], 1))
    count(100)
    is_over.set()
    for knocker in knockers:
        knocker.join()
    has_served.set()
    server.join()
    assert set(outcomes) == {"x"}


def test_the_port_of_another_program_is_one_line(group: ListenerGroup) -> None:
    with pytest.raises(StartError, match=rf"cannot listen on 127.0.0.1:{group.port}: .* choose another --port"):
        ListenerGroup().bind(Config(port=group.port, tce_port=0))


def test_a_port_that_another_program_shares_is_taken_all_the_same() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(StartError, match="cannot listen"):
            ListenerGroup().bind(Config(port=other.getsockname()[1], tce_port=0))


def test_beside_a_stranger_the_kernel_chooses_and_the_log_says_so(
    group: ListenerGroup, caplog: pytest.LogCaptureFixture
) -> None:
    first = group.open()
    group.steer({first: 1})
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("127.0.0.1", group.port))
        stranger.listen(CLIENTS)
        second = group.open()
        group.steer({second: 1})
        assert all(shares(group, first, second))
    assert "another program listens there as well" in caplog.text


@pytest.fixture(params=[("0", "sysctl -w net.ipv4.tcp_migrate_req=1"), ("1", "is 1")])
def advice(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The advice that fits the kernel's setting."""
    setting, advice = request.param
    (tmp_path / "migrate").write_text(f"{setting}\n")
    monkeypatch.setattr(listener_group, "MIGRATE", tmp_path / "migrate")
    return str(advice)


def test_where_the_program_is_refused_the_kernel_chooses_and_the_log_says_what_helps(
    group: ListenerGroup, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, advice: str
) -> None:
    monkeypatch.setattr(listener_group, "steer", lambda listener, program: False)
    workers = [group.open() for _ in range(2)]
    for _ in range(2):
        group.steer({workers[0]: 1})
    assert all(shares(group, *workers))
    assert caplog.text.count("refuses the program") == 1
    assert advice in caplog.text
