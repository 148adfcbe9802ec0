"""The heritage of a worker, and its command line."""

from rtserver.bootstrap.supervisor.assignment import VARIABLE, Assignment
from rtserver.bootstrap.supervisor.command_line import CommandLines


def test_an_assignment_is_read_once() -> None:
    given = Assignment(2, 4, 5, [6, 7], [], tally=8, columns=[2, 3])
    environ = {VARIABLE: given.as_text(), "HOME": "/"}
    assert Assignment.take_from(environ) == given
    assert environ == {"HOME": "/"}
    assert Assignment.take_from(environ) is None


def test_a_supervisor_of_the_version_before_says_nothing_of_a_tally() -> None:
    old = {VARIABLE: '{"position": 1, "workers": 2, "channel": 5, "public": [6], "tce": []}'}
    assert Assignment.take_from(old) == Assignment(1, 2, 5, [6], [], tally=None, columns=())


def test_a_workers_own_options_stand_behind_the_given_ones() -> None:
    line = CommandLines(["--workers", "4", "--worker", "shop"], "shop", 8888).worker(3)
    assert line[:5] == ["serve", "--workers", "4", "--worker", "shop"]
    own = line[5:]
    assert own[own.index("--workers") + 1] == "1"
    assert own[own.index("--worker") + 1] == "shop/3"
    assert own[own.index("--port") + 1] == "8888"
    assert "--redis-url" not in own


def test_children_are_told_of_the_embedded_redis_and_start_none() -> None:
    commands = CommandLines(["--embedded-redis-port", "7000"], "h:1", 1, "redis://127.0.0.1:7000/0")
    for line in (commands.worker(1), commands.demo_feed()):
        assert line[-4:] == ["--redis-url", "redis://127.0.0.1:7000/0", "--embedded-redis-port", "0"]
