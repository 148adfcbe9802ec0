"""Lock files: packages with one version each, where they are needed, and their files' hashes. Pure."""

import re
from typing import NamedTuple

LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-amqp.lock",
    "requirements-supply.lock",
    "requirements-build.lock",
)

_ROW = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\]+?))?(?: \\)?$")
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


class LockError(ValueError):
    """A line that is neither a package with one version, nor a hash or a comment. ``str`` has the line."""


class Locked(NamedTuple):
    """One package. ``marker`` says where it is needed (PEP 508), empty for everywhere."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def canonical(name: str) -> str:
    """A package's name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(text: str) -> list[Locked]:
    """All packages of a lock file. Raises ``LockError``."""
    rows: list[Locked] = []
    for line in text.splitlines():
        body = line.strip()
        if not body or body.startswith("#"):
            continue
        row, found = _ROW.match(line), _HASH.match(body)
        if row is not None:
            rows.append(Locked(canonical(row["name"]), row["version"], row["marker"] or "", ()))
        elif found is not None and rows:
            rows[-1] = rows[-1]._replace(hashes=(*rows[-1].hashes, found[1]))
        else:
            raise LockError(line)
    return rows
