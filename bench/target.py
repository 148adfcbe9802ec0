"""A real ``python -m rtserver`` under load, as an operator starts it, with a Redis of its own.

Its limits against abuse are off: all the load comes from one address, and is mostly one user's.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar

from bench.free_port import free_port
from bench.process import SERVER_CORE, START_SECONDS, StartError, pinned, redis_server, running


class Target:
    """Its port, its Redis, its folder, its process, and a session of its demo user."""

    def __init__(self, port: int, redis_url: str, directory: str, pid: int) -> None:
        self.port = port
        self.redis_url = redis_url
        self.directory = directory
        self.pid = pid
        self.cookie = ""

    def wait_ready(self) -> None:
        """Return when /readyz says so."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1):
                    return
            except OSError as error:
                if isinstance(error, urllib.error.HTTPError):
                    error.close()
                time.sleep(0.1)
        raise StartError("the server did not become ready")

    def log_in(self) -> None:
        """Fill in the login form; the session's cookie is then in ``cookie``."""
        jar = CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        address = f"http://127.0.0.1:{self.port}/accounts/login/"
        page = browser.open(address).read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if token is None:
            raise StartError("the login page has no form")
        form = {"username": "demo", "password": "demo", "csrfmiddlewaretoken": token[1]}
        browser.open(address, urllib.parse.urlencode(form).encode())
        sessions = [cookie.value for cookie in jar if cookie.name == "sessionid"]
        self.cookie = f"sessionid={sessions[0]}"


@contextmanager
def target(*options: str) -> Iterator[Target]:
    """A fresh server, ready and logged in to, with a fresh Redis. ``options`` go to its command line."""
    with tempfile.TemporaryDirectory() as directory, redis_server(directory) as redis_url:
        port = free_port()
        command = pinned(SERVER_CORE, sys.executable, "-m", "rtserver", "--port", str(port), "--tce-port", "0")
        environment = {**os.environ, "RTSERVER_VAR_DIR": directory, "RTSERVER_LOG_LEVEL": "warning"}
        command += ["--redis-url", redis_url, "--no-demo-quotes", "--limits", "off", *options]
        with running(command, env=environment, stdout=subprocess.DEVNULL) as process:
            found = Target(port, redis_url, directory, process.pid)
            found.wait_ready()
            found.log_in()
            yield found
