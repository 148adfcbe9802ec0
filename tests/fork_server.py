"""Fork server: starts rtserver, and commands of the demo site, as forks of a process that has imported them already.

Imports are most of what a start costs, and the password hash most of what a log-in costs: here it is a cheap one.
A fork gets what a shell would give to ``python -m rtserver``: arguments, environment, working directory, and one pipe
for stdout and stderr. The command itself is run by the tests of the command line.

One test process has one fork server, which ends with it. A request is one packet: JSON, and two file descriptors, the
pipe for the output and the pipe for the exit code.
"""

import atexit
import gc
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn, TextIO

from django.contrib.auth.hashers import PBKDF2PasswordHasher

REPOSITORY = Path(__file__).resolve().parent.parent
REQUEST_BYTES = 1_048_576
# What a server of the demo site imports, as far as Django lets it be imported before its settings are known.
PRELOADED = (
    "rtserver.bootstrap.app",
    "rtserver.bootstrap.command.cli",
    "django.contrib.sessions.backends.cache",
    "django.contrib.staticfiles.storage",
    "django.core.cache.backends.redis",
    "django.core.management.commands.migrate",
    "django.core.servers.basehttp",
    "django.db.backends.sqlite3.base",
    "django.forms",
    "django.middleware.clickjacking",
    "django.middleware.common",
    "django.middleware.csrf",
    "django.middleware.security",
    "django.template.context_processors",
    "django.template.defaulttags",
    "django.template.loader_tags",
    "django.views.generic",
)


class ForkedProcess:
    """A running fork: ``subprocess.Popen`` as far as a test needs it. ``stdout`` has stderr's text, too."""

    def __init__(self, pid: int, stdout: TextIO, status: int) -> None:
        self.pid = pid
        self.stdout = stdout
        self._status = status
        self._code: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self._code

    def wait(self, timeout: float) -> int:
        """Return the exit code, which is negative for a signal. Raises ``subprocess.TimeoutExpired``."""
        if self._code is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            self._code = int(os.read(self._status, 16))
            os.close(self._status)
        return self._code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


def fork(command: Sequence[str], environment: Mapping[str, str]) -> ForkedProcess:
    """Start a Python program in the repository's directory: a module or a file, and its arguments."""
    control = _control()
    output, output_end = os.pipe()
    status, status_end = os.pipe()
    request = json.dumps({"command": list(command), "environment": dict(environment)})
    socket.send_fds(control, [request.encode()], [output_end, status_end])
    os.close(output_end)
    os.close(status_end)
    return ForkedProcess(int(control.recv(16)), os.fdopen(output, encoding="utf-8"), status)


@cache
def _control() -> socket.socket:
    """Start this test process's fork server and return the socket that leads to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with closing(theirs):
        command = [sys.executable, "-m", "tests.fork_server", str(theirs.fileno())]
        environment = {
            name: value for name, value in os.environ.items() if name != "PYTHONPATH"
        }  # a fork has its own
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, pass_fds=[theirs.fileno()])
    atexit.register(_end, ours, process)
    return ours


def _end(control: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    control.close()
    process.wait()


def _serve(control: socket.socket) -> None:
    """Fork for each request and tell each fork's exit code, until the test process closes its end."""
    wake, wake_end = os.pipe()
    os.set_blocking(wake_end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_end)
    statuses: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([control, wake], [], [])
        if wake in ready:
            os.read(wake, 1024)
            _tell_ended(statuses)
        if control in ready:
            request, descriptors, _, _ = socket.recv_fds(control, REQUEST_BYTES, 2)
            if not request:
                return
            output, status = descriptors
            pid = os.fork()
            if not pid:
                _leave_fork_server(output, (control.detach(), wake, wake_end, status, *statuses.values()))
                _run(**json.loads(request))
            os.close(output)
            statuses[pid] = status
            control.send(str(pid).encode())


def _tell_ended(statuses: dict[int, int]) -> None:
    for pid in list(statuses):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with suppress(BrokenPipeError), os.fdopen(statuses.pop(pid), "w") as told:
                told.write(str(os.waitstatus_to_exitcode(status)))


def _leave_fork_server(output: int, descriptors: Sequence[int]) -> None:
    """Keep nothing of the fork server's signals and files."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor in descriptors:
        os.close(descriptor)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    os.environ.clear()
    os.environ.update(environment)
    sys.path[1:1] = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    program, *arguments = command
    sys.argv = [program, *arguments]
    if program.endswith(".py"):
        sys.path.insert(0, str(Path(program).parent))
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    for module in PRELOADED:
        import_module(module)
    PBKDF2PasswordHasher.iterations = 1  # quick instead of safe: nobody attacks these passwords
    gc.freeze()
    with suppress(KeyboardInterrupt), socket.socket(fileno=int(sys.argv[1])) as control_socket:
        _serve(control_socket)
