"""``make django-matrix``: the tests of sessions, log-ins and pushes, with each Python and Django of the table.

A Python that is not found fails the run before its first test; nothing is skipped.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import environment
from interpreters import ROOT, NoInterpreterError, need

MATRIX = ROOT / "tests" / "matrix"
TABLE = MATRIX / "django.txt"
TESTED = ROOT / "requirements-dev.lock"
TESTS = (
    *(f"tests/user/test_{name}.py" for name in ("forged_keys", "groups", "revocation", "rights")),
    *(f"tests/user/test_{name}.py" for name in ("sessions_machine", "sessions_together")),
    *(f"tests/user/session/test_{name}.py" for name in ("authenticator", "refusal_reason", "site_look_up", "token")),
    "tests/site",
    "tests/service/push/test_django_site.py",
    "tests/service/push/test_push_user.py",
    "tests/bootstrap/command/test_check.py",
    "tests/bootstrap/site/test_check_site.py",
    "tests/bootstrap/web/test_demo_pages.py",
    "tests/bootstrap/site/test_django_env.py",
    "tests/system/test_own_site.py",
    "tests/system/test_server.py",
)


class Cell(NamedTuple):
    """One row of the table: a Python's version, or ``newest``, and a Django's."""

    python: str
    django: str

    @property
    def lock(self) -> Path:
        """The versions of Django and of what it needs, with hashes."""
        return MATRIX / f"django-{self.django}.lock"


def read_table(text: str) -> Iterator[Cell]:
    """The rows; ``#`` begins a comment."""
    for line in text.splitlines():
        if row := line.partition("#")[0].split():
            yield Cell(*row)


def main() -> int:
    """Run everything; 1 where something failed, 2 where a Python is missing."""
    cells = list(read_table(TABLE.read_text(encoding="utf-8")))
    try:
        pythons = {cell.python: need(cell.python) for cell in cells}
    except NoInterpreterError as error:
        print(f"The table {TABLE.relative_to(ROOT)} cannot be run: {error}", file=sys.stderr)
        return 2
    failed = []
    for number, cell in enumerate(cells, 1):
        version, path = pythons[cell.python]
        name = f"Python {version} with Django {cell.django}"
        print(f"\n[{number}/{len(cells)}] {name}", flush=True)
        python = environment.prepare(f"django-{cell.django}-python-{version}", path, (TESTED, cell.lock))
        if not environment.is_green(python, TESTS):
            failed.append(name)
    print(f"\n{len(cells) - len(failed)} of {len(cells)} pass. Failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
