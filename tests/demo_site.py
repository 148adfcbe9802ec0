"""The demo site's command line, run as forks."""

import os
from pathlib import Path

from tests.fork_server import REPOSITORY, run

MANAGE = REPOSITORY / "site" / "manage.py"


def run_command(var_dir: Path, redis_url: str, *words: str) -> str:
    """Run a management command, for data in ``var_dir``; return what it prints. AssertionError if it fails."""
    environment = {**os.environ, "RTSITE_VAR": str(var_dir), "RTSITE_REDIS_URL": redis_url}
    environment["PYTHONPATH"] = str(REPOSITORY)
    return run([MANAGE, *words], environment, check=True).stdout


def run_lines(var_dir: Path, redis_url: str, lines: str) -> str:
    """Run lines of Python in the site's shell, as another process of the site would; return what they print."""
    return run_command(var_dir, redis_url, "shell", "--verbosity", "0", "-c", lines)
