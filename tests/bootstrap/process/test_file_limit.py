"""File descriptors: a server has as many as the system allows, not as few as its shell began with."""

import subprocess
import sys

import pytest

RAISE = "import resource; from rtserver.bootstrap.process.file_limit import raise_file_limit"
SHOW = "print(raise_file_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))"


@pytest.mark.parametrize(("soft", "hard"), [(100, 300), (300, 300)])
def test_the_soft_limit_is_raised_to_the_hard_one(soft: int, hard: int) -> None:
    command = f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$0" -c "$1"'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable, f"{RAISE}; {SHOW}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["300", "300", "300"]
