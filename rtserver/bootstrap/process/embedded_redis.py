"""EmbeddedRedis: a Redis of our own, started on loop-back with its data under ``var/`` and ended with the server.

It decides the port, the data directory and when the server is up. Two servers never share a data directory: the
Redis process itself holds a lock on it for as long as it lives, whatever becomes of the process that started it.

    var/redis/         its data, its log (redis.log) and the lock
    var/redis.url      its address, for the other commands; there while it runs
"""

import fcntl
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import RedisError
from rtserver.bootstrap.process import die_with_parent
from rtserver.bootstrap.process.child_process import ChildProcess
from rtserver.bootstrap.process.redis_binary import find_redis_binary
from tcelib.redis.redis_connection import Role, plain_client
from tcelib.redis.redis_error import RedisCallError

HOST = "127.0.0.1"
PORTS = range(6379, 6400)
START_SECONDS = 30.0  # a long log of writes takes a while to read
LOCK_SECONDS = 5.0  # the Redis of a killed run may still be saving
POLL_SECONDS = 0.02
LOG_TAIL = 3

log = logging.getLogger(__name__)


class EmbeddedRedis:
    """One server process. ``start`` it in a thread that outlives it: Linux ends it with the thread that started it.

    It listens on ``port``; for 0 on the first of ``ports`` that is free, else on any.
    """

    def __init__(self, var_dir: Path, ports: range = PORTS, *, port: int = 0) -> None:
        self._directory = var_dir.resolve() / "redis"
        self._url_file = url_file(var_dir)
        self._wanted = port
        self._ports = ports
        self._process: subprocess.Popen[bytes] | ChildProcess | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Address of the server, after ``start``."""
        return f"redis://{HOST}:{self.port}/0"

    @property
    def is_running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server, and return when it answers. Raises ``RedisError`` with the reason."""
        binary = find_redis_binary()
        for directory in (self._directory.parent, self._directory):  # the mode is for the last one of a path only
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock() as lock:
            self._start_on_some_port(binary.path, lock)
        _write_atomically(self._url_file, self.url + "\n")
        log.info("= embedded Redis %d.%d at %s, data in %s", *binary.version, self.url, self._directory)

    def adopt(self, pid: int, port: int) -> None:
        """Own a server that the program before this one has started in this process."""
        self._process, self.port = ChildProcess(pid), port

    def stop(self, seconds: float = 3.0) -> None:
        """End the server: it saves and leaves, or is killed after ``seconds``. Nothing that it confirmed is lost."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            log.warning("! embedded Redis did not end within %g s and was killed", seconds)
            self._process.kill()
            self._process.wait()
        self._process = None
        if running_url(self._url_file.parent) == self.url:
            self._url_file.unlink(missing_ok=True)

    def _lock(self) -> IO[str]:
        """Return the open lock file. The server inherits it, so the lock lasts exactly as long as the server."""
        file = (self._directory / "lock").open("a+", encoding="ascii")
        deadline = time.monotonic() + LOCK_SECONDS
        while not _try_lock(file):
            if time.monotonic() > deadline:
                file.close()
                raise RedisError(self._in_use())
            time.sleep(POLL_SECONDS)
        return file

    def _in_use(self) -> str:
        url = running_url(self._url_file.parent)
        share = f"share it with --redis-url {url}, or " if url else ""
        return f"another rtserver has its embedded Redis in {self._directory}: {share}choose another --var-dir"

    def _start_on_some_port(self, binary: Path, lock: IO[str]) -> None:
        for port in self._candidates():
            self.port = port
            self._process = self._spawn(binary, lock)
            if self._wait_until_ready():
                return
            self._process.kill()
            self._process.wait()
            # Another program may have taken the port first. Any other fault would repeat on the next port.
            if _is_free(port):
                break
        self._process = None
        raise RedisError(f"the embedded Redis does not start ({self._last_words()})")

    def _candidates(self) -> Iterable[int]:
        if not self._wanted:
            return _free_ports(self._ports)
        if not _is_free(self._wanted):
            text = f"{HOST}:{self._wanted} is taken: choose another --embedded-redis-port, or 0 for any that is free"
            raise RedisError(f"the embedded Redis does not start ({text})")
        return (self._wanted,)

    def _spawn(self, binary: Path, lock: IO[str]) -> subprocess.Popen[bytes]:
        options = {
            "--bind": HOST,
            "--port": str(self.port),
            "--dir": str(self._directory),
            "--appendonly": "yes",
            "--maxmemory-policy": "noeviction",
        }
        command = [str(binary), *(word for option in options.items() for word in option)]
        with self._log_file.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[lock.fileno()],
                start_new_session=True,  # Ctrl-C is for us alone: the Redis ends after everything that needs it
            )

    def _wait_until_ready(self) -> bool:
        """Return True if our own process, and no stranger on its port, serves before time is up."""
        deadline = time.monotonic() + START_SECONDS
        with plain_client(f"{self.url}?socket_timeout=1.0") as client:
            while self.is_running and time.monotonic() < deadline:
                with suppress(RedisCallError):
                    info = client.call("INFO", role=Role.INSPECTION)
                    if info["process_id"] == self.pid and not info["loading"]:
                        return True
                time.sleep(POLL_SECONDS)
        return False

    @property
    def pid(self) -> int:
        """The server's process; 0 while there is none."""
        return self._process.pid if self._process else 0

    @property
    def _log_file(self) -> Path:
        return self._directory / "redis.log"

    def _last_words(self) -> str:
        lines = self._log_file.read_text(encoding="utf-8", errors="replace").split("\n")
        return " / ".join(line.strip() for line in lines[-LOG_TAIL - 1 :] if line.strip()) or "it said nothing"


def url_file(var_dir: Path) -> Path:
    """Return the file that holds the address of the embedded Redis of ``var_dir``."""
    return var_dir.resolve() / "redis.url"


def running_url(var_dir: Path) -> str | None:
    """Return the address of the embedded Redis of ``var_dir``; None if none runs. After a crash it may be a dead
    one's.
    """
    try:
        return url_file(var_dir).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None


def redis_url_of(config: Config) -> str:
    """Return the address of the configured Redis, or of the embedded one that runs. Raises ``RedisError``."""
    url = config.redis_url or running_url(Path(config.var_dir))
    if not url:
        where = Path(config.var_dir).resolve()
        raise RedisError(f"no embedded Redis runs for {where}: start rtserver, or name a Redis with --redis-url")
    return url


def _free_ports(wanted: range) -> Iterator[int]:
    """Yield the free ports among ``wanted``, then one that the system chooses."""
    yield from filter(_is_free, wanted)
    with socket.create_server((HOST, 0)) as listener:
        chosen: int = listener.getsockname()[1]
    yield chosen


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_atomically(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text(text, encoding="ascii")
    draft.replace(path)
