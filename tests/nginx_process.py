"""A real nginx with a configuration of a test's, in a directory of its own."""

import subprocess
from pathlib import Path
from typing import Self

from tests.until import until

STOP_SECONDS = 10.0
PROGRAM = "/usr/sbin/nginx"
AROUND = """
pid {directory}/pid;
error_log {directory}/error.log;
daemon off;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {text}
}}
"""


class NginxProcess:
    """nginx with ``text`` in its http block. ``start`` and ``stop``, or use it as a context."""

    def __init__(self, directory: Path, text: str) -> None:
        directory.mkdir(exist_ok=True)
        self._pid = directory / "pid"
        self._command = [PROGRAM, "-p", str(directory), "-e", str(directory / "error.log")]
        self._command += ["-c", str(directory / "nginx.conf")]
        (directory / "nginx.conf").write_text(AROUND.format(directory=directory, text=text), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def check(self) -> str:
        """Return what ``nginx -t`` objects to; empty if the configuration is right."""
        run = subprocess.run([*self._command, "-t"], capture_output=True, text=True, check=False)
        return run.stderr if run.returncode or "[warn]" in run.stderr else ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command)
        # A check leaves an empty file.
        until(lambda: self._pid.exists() and self._pid.read_text().strip() != "", "nginx has started")
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(STOP_SECONDS)
