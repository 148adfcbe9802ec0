"""Fork server: starts Python programs as forks of a process that has imported rtserver and Django already.

Imports are most of what a start costs, and the password hash most of what a log-in costs: here it is a cheap one.
A fork gets what a shell would give to ``python``: arguments, environment, working directory, stdin, and pipes for
stdout and stderr. A few tests run ``python -m rtserver`` itself.

One test process has one fork server, which ends with it. A request is one packet: JSON, and four file descriptors:
stdin, stdout, stderr, and the pipe for the exit code.
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
import threading
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
    """A running fork: ``subprocess.Popen`` as far as a test needs it.

    ``stderr`` is None where its text goes to ``stdout``.
    """

    def __init__(self, pid: int, stdout: TextIO, stderr: TextIO | None, status: int) -> None:
        self.pid = pid
        self.stdout = stdout
        self.stderr = stderr
        self.returncode: int | None = None
        self._status = status

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Return the exit code, which is negative for a signal. Raises ``subprocess.TimeoutExpired``."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            self.returncode = int(os.read(self._status, 16))
            os.close(self._status)
        return self.returncode

    def communicate(self, timeout: float = 60.0) -> tuple[str, str]:
        """Return what it still prints, stdout and stderr, when it has ended; nothing the second time.

        Kills it and raises ``subprocess.TimeoutExpired`` if it runs for longer than ``timeout`` seconds.
        """
        texts = {"stdout": "", "stderr": ""}

        def read(name: str, stream: TextIO) -> None:
            with stream:
                texts[name] = stream.read()

        streams = (("stdout", self.stdout), ("stderr", self.stderr))
        readers = [
            threading.Thread(target=read, args=(name, stream))
            for name, stream in streams
            if stream is not None and not stream.closed
        ]
        for reader in readers:
            reader.start()
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait(timeout)
            raise
        finally:
            for reader in readers:
                reader.join()
        return texts["stdout"], texts["stderr"]

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)


def fork(
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    *,
    directory: Path = REPOSITORY,
    stdin: str = "",
    has_stderr: bool = False,
) -> ForkedProcess:
    """Start a Python program as ``python COMMAND`` would: ``-m`` and a module, ``-c`` and lines, or a file.

    ``environment`` None is this process's. With ``has_stderr`` stderr has a pipe of its own.
    """
    control = _control()
    given = os.memfd_create("stdin")
    os.write(given, stdin.encode())
    os.lseek(given, 0, os.SEEK_SET)
    output, output_end = os.pipe()
    errors, errors_end = os.pipe() if has_stderr else (-1, os.dup(output_end))
    status, status_end = os.pipe()
    request = {
        "command": [str(word) for word in command],
        "environment": dict(os.environ if environment is None else environment),
        "directory": str(directory),
    }
    passed = [given, output_end, errors_end, status_end]
    socket.send_fds(control, [json.dumps(request).encode()], passed)
    for descriptor in passed:
        os.close(descriptor)
    stderr = os.fdopen(errors, encoding="utf-8") if has_stderr else None
    return ForkedProcess(int(control.recv(16)), os.fdopen(output, encoding="utf-8"), stderr, status)


def run(
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    *,
    directory: Path = REPOSITORY,
    stdin: str = "",
    check: bool = False,
    timeout: float = 60.0,
) -> "subprocess.CompletedProcess[str]":
    """Run a program as ``fork`` does, to its end: ``subprocess.run`` with its output captured.

    Raises ``subprocess.TimeoutExpired``, and AssertionError where ``check`` is set and it fails.
    """
    process = fork(command, environment, directory=directory, stdin=stdin, has_stderr=True)
    stdout, stderr = process.communicate(timeout)
    assert not check or process.returncode == 0, stderr
    return subprocess.CompletedProcess(list(command), process.wait(0), stdout, stderr)


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
            request, descriptors, _, _ = socket.recv_fds(control, REQUEST_BYTES, 4)
            if not request:
                return
            *standard, status = descriptors
            pid = os.fork()
            if not pid:
                _leave_fork_server(standard, (control.detach(), wake, wake_end, status, *statuses.values()))
                _run(**json.loads(request))
            for descriptor in standard:
                os.close(descriptor)
            statuses[pid] = status
            control.send(str(pid).encode())


def _tell_ended(statuses: dict[int, int]) -> None:
    for pid in list(statuses):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with suppress(BrokenPipeError), os.fdopen(statuses.pop(pid), "w") as told:
                told.write(str(os.waitstatus_to_exitcode(status)))


def _leave_fork_server(standard: Sequence[int], descriptors: Sequence[int]) -> None:
    """Keep nothing of the fork server's signals and files."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor in descriptors:
        os.close(descriptor)
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
        os.close(descriptor)


def _run(command: Sequence[str], environment: Mapping[str, str], directory: str) -> NoReturn:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.stdout.reconfigure(line_buffering="PYTHONUNBUFFERED" in environment)
    paths = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    try:
        match command:
            case ["-c", lines, *arguments]:
                sys.argv, sys.path[:1] = ["-c", *arguments], [directory, *paths]
                exec(compile(lines, "<string>", "exec"), {"__name__": "__main__"})
            case ["-m", module, *arguments]:
                sys.argv, sys.path[:1] = [module, *arguments], [directory, *paths]
                runpy.run_module(module, run_name="__main__", alter_sys=True)
            case [file, *arguments]:
                sys.argv, sys.path[:1] = [file, *arguments], [str(Path(file).parent), *paths]
                runpy.run_path(file, run_name="__main__")
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    sys.exit(0)


if __name__ == "__main__":
    for module in PRELOADED:
        import_module(module)
    PBKDF2PasswordHasher.iterations = 1  # quick instead of safe: nobody attacks these passwords
    gc.freeze()
    with suppress(KeyboardInterrupt), socket.socket(fileno=int(sys.argv[1])) as control_socket:
        _serve(control_socket)
