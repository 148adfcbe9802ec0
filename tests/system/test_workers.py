"""Several workers under one supervisor, as clients and operators meet them."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from rtserver.registry.running_server import WORKER
from rtserver.service.message import encode
from tcelib.lease.port import Registration
from tcelib.lease.redis import RedisLeases
from tcelib.redis.redis_connection import plain_client
from tests.conftest import unused_port
from tests.demo_login import DemoLogin
from tests.fork_server import REPOSITORY
from tests.running_server import RunningServer
from tests.service_queue import ServiceQueue
from tests.system.traveller import Traveller
from tests.until import until
from tests.websocket_client import WebSocketClient

OPTIONS = ("--no-demo-quotes", "--drain-seconds", "1", "--canary-seconds", "0.5", "--workers", "2")
DIRECT = ("--direct-pushes-from", "2")
KEEPER = "rtserver_push_keeper"
MOST_OF_USER = 30
LIMITS = ("--connections-per-user", str(MOST_OF_USER), "--handshakes-per-ip", "0", "--requests-per-ip", "0")


class Workers:
    """A supervisor that runs, and what can be seen of its workers from outside."""

    def __init__(self, server: RunningServer, admin_port: int) -> None:
        self.server = server
        self.admin_port = admin_port

    def pids(self) -> dict[str, int]:
        """Return the processes of the workers by the end of their names."""
        found = {}
        for pid in children(self.server.pid):
            words = command_line(pid)
            if "--worker" in words:
                found[words[words.index("--worker") + 1].rpartition("/")[2]] = pid
        return found

    def until_ready(self, count: int, *, without: int = 0) -> dict[str, int]:
        """Wait for so many workers that are ready, and not the process ``without``. Return them."""

        def ready() -> bool:
            pids = self.pids()
            told = {f"process {pid})" for pid in pids.values()}
            text = "".join(line for line in self.server.output if "is ready" in line)
            return len(pids) == count and without not in pids.values() and all(each in text for each in told)

        until(ready, f"{count} workers are ready")
        return self.pids()

    def readings(self) -> dict[str, Any]:
        """Ask one worker, whichever the kernel chooses."""
        with urllib.request.urlopen(f"{self.server.url}/readyz") as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    def names(self) -> list[str]:
        """Return the names in the registry."""
        return sorted(server["name"] for server in self.readings()["servers"])

    def connect(self, login: DemoLogin) -> WebSocketClient:
        client = WebSocketClient.connect("127.0.0.1", self.server.port, "/rt/", login.headers)
        assert json.loads(client.recv_text())["type"] == "userinfo"
        return client

    def fill(self, login: DemoLogin, stack: ExitStack, places: int) -> Collection[list[WebSocketClient]]:
        """Open as many connections as there should be places; then none is let in. Return those of each worker."""
        clients: defaultdict[str, list[WebSocketClient]] = defaultdict(list)

        def knock() -> WebSocketClient:
            client = WebSocketClient.connect("127.0.0.1", self.server.port, "/rt/", login.headers)
            return stack.enter_context(client)

        def is_full() -> bool:
            client = knock()
            if client.answer.status == 101:
                clients[json.loads(client.recv_text())["data"]["server"]["epoch"]].append(client)
            return sum(map(len, clients.values())) == places

        until(is_full, f"{places} connections are let in", tolerated=OSError)
        assert [knock().answer.status for _ in range(4)] == [429] * 4
        return clients.values()

    def samples(self) -> dict[tuple[str, str | None], float]:
        """Return the metrics of all workers, by name and position."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics") as answer:
            page = answer.read().decode()
        families = text_string_to_metric_families(page)
        return {(each.name, each.labels.get("worker")): each.value for family in families for each in family.samples}

    def fullest(self) -> str:
        """Return the position of the worker with the most users' connections."""
        samples = self.samples()
        return max(self.pids(), key=lambda position: samples.get(("rtserver_agents", position), 0.0))

    @contextmanager
    def knocking(self) -> Iterator[Counter[str]]:
        """Let clients come and go meanwhile; count how they fared."""
        login, outcomes, is_over = DemoLogin(self.server.url), Counter[str](), threading.Event()

        def knock() -> None:
            while not is_over.is_set():
                try:
                    with self.connect(login):
                        outcomes["userinfo"] += 1
                except OSError as error:
                    outcomes[type(error).__name__] += 1

        knockers = [threading.Thread(target=knock) for _ in range(3)]
        for knocker in knockers:
            knocker.start()
        try:
            yield outcomes
        finally:
            is_over.set()
            for knocker in knockers:
                knocker.join()


def children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]


def command_line(pid: int) -> list[str]:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def has_left(client: WebSocketClient) -> bool:
    """Return whether the other end is closed, of a client that has read everything."""
    client.socket.setblocking(False)
    try:
        return client.recv_bytes() == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@pytest.fixture(scope="module")
def workers(module_redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """Two, up for all tests of the module."""
    admin = ("--admin-port", str(unused_port()))
    server = RunningServer(
        module_redis_url, tmp_path_factory.mktemp("var"), unused_port(), *OPTIONS, *DIRECT, *LIMITS, *admin
    )
    server.start(lambda: sum("is ready" in line for line in server.output) == 2)
    yield Workers(server, int(admin[1]))
    server.end()


@pytest.mark.soak
def test_a_killed_worker_is_back_under_its_name_and_nobody_of_the_others_notices(workers: Workers) -> None:
    old = workers.until_ready(2)
    login = DemoLogin(workers.server.url)
    with ExitStack() as stack, ServiceQueue(workers.server.redis_url) as queue:
        clients = [stack.enter_context(workers.connect(login)) for _ in range(12)]
        os.kill(old["2"], signal.SIGKILL)
        until(lambda: has_ended(old["2"]), "it is dead")
        back = [stack.enter_context(workers.connect(login)) for _ in range(12)]  # at the one that is left
        new = workers.until_ready(2, without=old["2"])
        queue.push("pushuser", {"user_id": "*", "type": "n", "data": 7})
        for client in back:
            assert json.loads(client.recv_text())["data"] == 7
        reached = 0
        for client in clients:
            with suppress(OSError, EOFError):
                reached += json.loads(client.recv_text())["data"] == 7
    assert new["1"] == old["1"]
    assert 0 < reached < 12
    until(
        lambda: [name.rpartition("/")[2] for name in workers.names()] == ["1", "2"],
        "the registry has both",
        tolerated=OSError,
    )


@pytest.mark.soak
def test_a_renewal_and_a_worker_more_and_less_under_load_refuse_and_reset_nobody(workers: Workers) -> None:
    old = workers.until_ready(2)
    with workers.knocking() as outcomes:
        workers.server.signal(signal.SIGHUP)
        until(lambda: not {*old.values()} & {*workers.pids().values()}, "both are new")
        workers.until_ready(2)
        until(lambda: all(has_ended(pid) for pid in old.values()), "the old ones have left")
        workers.server.signal(signal.SIGTTIN)
        third = workers.until_ready(3)["3"]
        workers.server.signal(signal.SIGTTOU)
        until(lambda: has_ended(third), "the third one has left")
        assert len(workers.until_ready(2)) == 2
    assert outcomes["userinfo"] > 20
    assert set(outcomes) == {"userinfo"}


def test_the_supervisors_program_is_replaced_in_its_process_and_refuses_and_resets_nobody(workers: Workers) -> None:
    old = workers.until_ready(2)
    began = len(workers.server.output)
    with workers.knocking() as outcomes:
        workers.server.signal(signal.SIGUSR2)
        until(lambda: not {*old.values()} & {*workers.pids().values()}, "both are new")
        workers.until_ready(2)
        until(lambda: all(has_ended(pid) for pid in old.values()), "the old ones have left")
    assert "supervises 2 workers that run" in "".join(workers.server.output[began:])
    assert outcomes["userinfo"] > 20
    assert set(outcomes) == {"userinfo"}
    with urllib.request.urlopen(f"http://127.0.0.1:{workers.admin_port}/readyz") as answer:
        assert json.load(answer)["pid"] == workers.server.pid


def test_a_limit_holds_for_all_workers_together_whoever_dies(workers: Workers) -> None:
    login, old = DemoLogin(workers.server.url), workers.until_ready(2)
    with ExitStack() as stack:
        groups = workers.fill(login, stack, MOST_OF_USER)
        fullest = workers.fullest()
        os.kill(old[fullest], signal.SIGKILL)
        until(lambda: any(all(map(has_left, group)) for group in groups), "all clients of one have lost it")
        workers.fill(login, stack, next(len(group) for group in groups if has_left(group[0])))
        workers.until_ready(2, without=old[fullest])
    with ExitStack() as stack:
        workers.fill(login, stack, MOST_OF_USER)


def test_one_port_answers_for_all_workers_and_each_for_itself(workers: Workers) -> None:
    pids = workers.until_ready(2)
    samples = workers.samples()
    for position in pids:
        assert samples["rtserver_worker_up", position] == 1
        assert samples["rtserver_redis_connected", position] == 1
        assert samples["process_resident_memory_bytes", position] > 0
    with urllib.request.urlopen(f"http://127.0.0.1:{workers.admin_port}/readyz") as answer:
        told = json.load(answer)
    assert [(str(each["position"]), each["pid"]) for each in told["workers"]] == sorted(pids.items())
    assert all(each["ready"] for each in told["workers"])
    own = workers.readings()
    assert own["pid"] == pids[own["worker"].rpartition("/")[2]]


def test_newcomers_are_led_past_a_worker_that_is_frozen(workers: Workers) -> None:
    pids = workers.until_ready(2)
    os.kill(pids["1"], signal.SIGSTOP)
    try:
        # Who came before it was found out waits; from some moment on nobody does.
        def all_are_answered() -> bool:
            answers = 0
            for _ in range(8):
                with suppress(OSError), urllib.request.urlopen(f"{workers.server.url}/readyz", timeout=0.5) as answer:
                    answers += json.load(answer)["pid"] == pids["2"]
            return answers == 8

        until(all_are_answered, "only the other one is asked")
    finally:
        os.kill(pids["1"], signal.SIGCONT)
    until(lambda: workers.readings()["pid"] == pids["1"], "it is asked again", tolerated=OSError)


@pytest.mark.soak
def test_a_page_that_moves_while_the_one_that_keeps_pushes_dies_gets_every_message_once(workers: Workers) -> None:
    workers.until_ready(2)

    def keepers() -> list[str]:
        return [
            position for (name, position), is_so in workers.samples().items() if name == KEEPER and is_so and position
        ]

    until(lambda: len(keepers()) == 1, "one of them keeps", tolerated=OSError)
    traveller = Traveller(workers.server.port, DemoLogin(workers.server.url))
    traveller.visit(-1)
    numbers, is_over = count(), threading.Event()

    def push() -> None:
        with ServiceQueue(workers.server.redis_url) as queue:
            while not is_over.wait(0.005):  # a page that is away for long has at most 1,000 kept
                for user_id, number in ((traveller.user_id, next(numbers)), ("nobody", 0)):
                    data = {"user_id": user_id, "type": "numbered", "data": number}
                    queue.push_raw(encode("pushuser", "test", data))

    producer = threading.Thread(target=push)
    producer.start()
    try:
        for visit in range(10):
            if visit == 4:
                os.kill(workers.pids()[keepers()[0]], signal.SIGKILL)
            goal = len(traveller.shown) + 30
            until(lambda goal=goal: traveller.visit(goal) or True, "it is let in", tolerated=(OSError, EOFError))

        def is_told_directly() -> bool:
            traveller.visit(len(traveller.shown) + 30)
            samples = workers.samples().items()
            return any(early for (name, _), early in samples if name == "rtserver_push_early_total")

        until(is_told_directly, "it comes to a worker that is told", tolerated=(OSError, EOFError))
    finally:
        is_over.set()
        producer.join()
    last = next(numbers) - 1
    until(lambda: traveller.visit(last) or True, "it is let in", tolerated=(OSError, EOFError))
    assert traveller.shown == [*range(last + 1)]
    assert len(traveller.servers) >= 2
    workers.until_ready(2)
    until(lambda: len(keepers()) == 1, "one of them keeps", tolerated=OSError)
    assert sum(left for (name, _), left in workers.samples().items() if name == "rtserver_push_left_total") > 100


def start(directory: Path, port: int, *options: str) -> "subprocess.Popen[str]":
    """Start it as an operator would, with everything of its own."""
    command = [sys.executable, "-m", "rtserver", "--workers", "2", "--port", str(port), "--tce-port", "0", *options]
    return subprocess.Popen(
        [*command, "--var-dir", str(directory)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_supervisor_owns_redis_and_the_demos_quotes_and_ends_all_of_them(tmp_path: Path) -> None:
    port = unused_port()
    run = start(tmp_path, port, "--drain-seconds", "1")
    assert run.stdout is not None
    lines: list[str] = []
    for line in run.stdout:
        lines.append(line)
        if "is ready" in line and sum("is ready" in each for each in lines) == 2:
            break
    assert Path(f"/proc/{run.pid}/status").read_text().partition("Threads:")[2].split()[0] == "1"
    owned = children(run.pid)
    commands = [" ".join(command_line(pid)) for pid in owned]
    assert sum("redis-server" in each for each in commands) == 1
    assert sum("demo-feed" in each for each in commands) == 1
    assert len(commands) == 4
    client = WebSocketClient.connect("127.0.0.1", port, "/rt/", DemoLogin(f"http://127.0.0.1:{port}").headers)
    with client:
        client.recv_text()
        run.send_signal(signal.SIGINT)
        told = json.loads(client.recv_text())
        assert told["type"] == "reconnect"
        assert 0 <= told["data"]["after_ms"] <= 1000
    rest = run.communicate(timeout=60)[0]
    assert run.returncode == 0, rest
    assert all(has_ended(pid) for pid in owned)
    assert "Traceback" not in rest
    told = [line.split() for line in (*lines, *rest.splitlines())]
    assert {line[2] for line in told if line[3:] == ["app:", "=", "stopped"]} == {"1/2", "2/2"}
    assert sum("handles" in line for line in told) == 1


def test_a_killed_supervisor_takes_all_with_it(tmp_path: Path, redis_url: str) -> None:
    with plain_client(redis_url) as client:
        RedisLeases(client, "queue:rtserver").join(Registration(WORKER, "old", version="0.0.9"), 60)
    run = start(tmp_path, unused_port(), "--redis-url", redis_url, "--no-demo-quotes")
    assert run.stdout is not None
    lines: list[str] = []
    for line in run.stdout:
        lines.append(line)
        if "is up" in line:
            break
    (told,) = (line for line in lines if "old (0.0.9)" in line)  # of both workers
    assert "WARNING notice_board: ! servers of other versions share this Redis: old (0.0.9)" in told
    owned = children(run.pid)
    assert len(owned) == 2
    run.kill()
    run.communicate(timeout=60)
    until(lambda: all(has_ended(pid) for pid in owned), "the workers have ended")


def test_what_a_worker_cannot_start_with_is_one_line(tmp_path: Path, redis_url: str) -> None:
    run = start(tmp_path, unused_port(), "--redis-url", redis_url, "--msg-handlers", "no.such:Handler")
    told = run.communicate(timeout=60)[0]
    assert run.returncode == 1
    (error,) = (line for line in told.splitlines() if line.startswith("Error: "))
    assert "no.such:Handler" in error
    assert "Traceback" not in told


def test_a_name_that_another_supervisor_has_is_one_line_and_the_first_one_goes_on(
    workers: Workers, tmp_path: Path
) -> None:
    pids = workers.until_ready(2)
    name = workers.names()[0].rpartition("/")[0]
    run = start(tmp_path, unused_port(), "--redis-url", workers.server.redis_url, "--worker", name)
    told = run.communicate(timeout=60)[0]
    assert run.returncode == 1
    (error,) = (line for line in told.splitlines() if line.startswith("Error: "))
    assert f"another server runs as '{name}/" in error
    assert error.endswith("give each a name of its own with --worker")
    assert "Traceback" not in told
    assert workers.pids() == pids


def test_a_port_that_is_taken_is_one_line(workers: Workers, tmp_path: Path) -> None:
    run = start(tmp_path, workers.server.port, "--redis-url", workers.server.redis_url)
    told = run.communicate(timeout=60)[0]
    assert run.returncode == 1
    assert told.strip() == (
        f"Error: cannot listen on 127.0.0.1:{workers.server.port}: Address already in use; choose another --port"
    )
