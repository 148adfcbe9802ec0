"""Children that another program in this process has started."""

import os
import signal
import subprocess
import sys

import pytest

from rtserver.bootstrap.process.child_process import ChildProcess


def start(code: str) -> ChildProcess:
    return ChildProcess(os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", code]))


def test_the_exit_code_is_known_as_often_as_it_is_asked_for() -> None:
    child = start("raise SystemExit(3)")
    assert [child.wait(), child.poll(), child.wait(0.0)] == [3, 3, 3]
    child.terminate()  # nobody else may have its number by now


@pytest.mark.parametrize(("how", "code"), [("terminate", -signal.SIGTERM), ("kill", -signal.SIGKILL)])
def test_one_that_runs_can_be_ended(how: str, code: int) -> None:
    child = start("import time; time.sleep(60)")
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.0)
    assert child.poll() is None
    getattr(child, how)()
    assert child.wait() == code
