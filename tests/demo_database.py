"""The demo site's database, made once for the servers of a test process: making one takes as long as a start."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from tests.demo_site import run_command

DATABASE = "site.sqlite3"
COMMANDS = ("migrate", "demo_data")


def lay_database(directory: Path) -> None:
    """Put a database as a server's first start makes it into a folder for data; one that is there stays."""
    target = directory / DATABASE
    if not target.exists():
        directory.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_fresh_database())


@cache
def _fresh_database() -> bytes:
    var = Path(tempfile.mkdtemp(prefix="rtserver-test-"))
    try:
        for command in COMMANDS:
            run_command(var, "redis://127.0.0.1:1/0", command, "--verbosity", "0")
        return (var / DATABASE).read_bytes()
    finally:
        shutil.rmtree(var)
