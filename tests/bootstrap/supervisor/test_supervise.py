"""The process of a supervisor whose workers cannot live."""

import subprocess
import sys

from tests.fork_server import REPOSITORY

HOPELESS = """
import sys, threading
from pathlib import Path
from rtserver.bootstrap.command import cli
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import StartError
from rtserver.bootstrap.supervisor import restart_policy, supervisor
from rtserver.bootstrap.supervisor.supervise import supervise

restart_policy.FIRST_SECONDS = supervisor.TICK_SECONDS = 0.01
sys.executable = "/bin/false"
try:
    supervise(Config(workers=2, port=0, tce_port=0, redis_url="redis://127.0.0.1:1/0", demo_quotes=False), [])
except StartError as error:
    print(error)
print(threading.active_count(), sorted({"gevent", "django", "tornado"} & sys.modules.keys()))
print(Path("/proc/self/status").read_text().partition("Threads:")[2].split()[0])
"""


def test_a_supervisor_has_no_threads_and_none_of_what_its_workers_import_and_gives_up_after_three_deaths() -> None:
    run = subprocess.run(
        [sys.executable, "-c", HOPELESS], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=True
    )
    error, inside, outside = run.stdout.splitlines()
    assert error.endswith("ended 3 times before it was ready, the last time with 1: the log says why")
    assert inside == "1 []"
    assert outside == "1"
    assert run.stderr.count("ended with 1, before it was ready") >= 3
