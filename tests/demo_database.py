"""The demo site's database, made once for the servers of a test process: making one takes as long as a start."""

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from tests.fork_server import fork

MANAGE = Path(__file__).resolve().parent.parent / "site" / "manage.py"
DATABASE = "site.sqlite3"
COMMANDS = ("migrate", "demo_data")
MADE_SECONDS = 60.0


def lay_database(directory: Path) -> None:
    """Put a database as a server's first start makes it into a folder for data; one that is there stays."""
    target = directory / DATABASE
    if not target.exists():
        directory.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_fresh_database())


@cache
def _fresh_database() -> bytes:
    var = Path(tempfile.mkdtemp(prefix="rtserver-test-"))
    environment = {**os.environ, "RTSITE_VAR": str(var), "RTSITE_REDIS_URL": "redis://127.0.0.1:1/0"}
    try:
        for command in COMMANDS:
            process = fork([str(MANAGE), command, "--verbosity", "0"], environment)
            with process.stdout as said:
                output = said.read()
            assert process.wait(MADE_SECONDS) == 0, output
        return (var / DATABASE).read_bytes()
    finally:
        shutil.rmtree(var)
