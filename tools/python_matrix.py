"""``make pythons``: the tests that need no JavaScript, on every Python from 3.11 to 3.14 that is found.

``python_matrix.py 3.14`` runs them on the named ones, which have to be found or fetched; so has at least one that is
newer than the oldest, and the oldest itself.
"""

import sys
from collections.abc import Sequence

import environment
from interpreters import NEWEST, OLDEST, ROOT, VERSIONS, NoInterpreterError, find, need

LOCK = ROOT / "requirements-dev.lock"


def chosen(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """Versions and paths of the Pythons to run. Raises ``NoInterpreterError``."""
    wanted = arguments or [OLDEST, *(version for version in VERSIONS[1:] if find(version)), NEWEST]
    return sorted({version: str(path) for version, path in map(need, wanted)}.items(), key=_number)


def main(arguments: Sequence[str]) -> int:
    """Run everything; 1 where something failed, 2 where a Python is missing."""
    try:
        pythons = chosen(arguments)
    except NoInterpreterError as error:
        print(f"The tests cannot be run on it: {error}", file=sys.stderr)
        return 2
    failed = []
    for number, (version, path) in enumerate(pythons, 1):
        print(f"\n[{number}/{len(pythons)}] Python {version}", flush=True)
        python = environment.prepare(f"python-{version}", ROOT / path, (LOCK,))
        if not environment.is_green(python):
            failed.append(version)
    print(f"\n{len(pythons) - len(failed)} of {len(pythons)} pass. Failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


def _number(row: tuple[str, str]) -> int:
    return VERSIONS.index(row[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
