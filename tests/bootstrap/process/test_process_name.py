"""The name of a process tells its neighbours whether it lives."""

import resource
import subprocess
import sys
from collections.abc import Callable

import pytest

from rtserver.bootstrap.process.process_name import look_at_process, process_name
from tcelib.lease.keeper import Life
from tests.until import until

PROGRAM = """
from rtserver.bootstrap.process.process_name import process_name
print(process_name(), flush=True)
input()
"""


def test_this_process_lives() -> None:
    assert look_at_process(process_name()) is Life.ALIVE


@pytest.mark.parametrize("end", [subprocess.Popen.kill, subprocess.Popen.terminate])
def test_a_process_that_has_ended_is_dead_even_before_its_parent_has_noticed(
    end: Callable[[subprocess.Popen[str]], None],
) -> None:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert look_at_process(name) is Life.ALIVE
        end(process)
        until(lambda: look_at_process(name) is Life.DEAD, "it is dead, and still a zombie")
    assert look_at_process(name) is Life.DEAD


def test_without_open_files_nothing_is_known() -> None:
    name = process_name()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert look_at_process(name) is Life.UNKNOWN
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_an_id_that_was_given_again_is_another_process() -> None:
    *place, _ = process_name().split("/")
    assert look_at_process("/".join((*place, "1"))) is Life.DEAD


@pytest.mark.parametrize("change", [("boot", 0), ("4026531836", 1)])
def test_nothing_is_known_of_another_machine_or_container(change: tuple[str, int]) -> None:
    parts = process_name().split("/")
    parts[change[1]] = change[0] + "x"
    assert look_at_process("/".join(parts)) is Life.UNKNOWN


@pytest.mark.parametrize("name", ["", "x", "a/b/c/d/e", "/".join((*process_name().split("/")[:2], "../..", "1"))])
def test_a_name_that_is_none_is_no_living_process(name: str) -> None:
    assert look_at_process(name) is not Life.ALIVE
