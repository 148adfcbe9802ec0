"""Finds the Pythons of this machine that rtserver is promised for: on the PATH, of pyenv, of uv, and fetched ones.

A Python counts if it runs, is of the version that its name says, and can make a virtual environment. Where Debian's
tools are, ``fetch`` gets one of another Debian (``debian_python.sh``) into ``build/pythons``.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FETCHED = ROOT / "build" / "pythons"
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
OLDEST = VERSIONS[0]
NEWEST = "newest"
TO_FETCH = "3.13"
"""What is fetched where nothing newer than the oldest is found: Debian's stable release has it."""

PROBE = "import ensurepip, sys, venv; print('%d.%d' % sys.version_info[:2])"
PROBE_SECONDS = 20.0


class NoInterpreterError(Exception):
    """A Python is needed that is not found, and cannot be fetched. Its text says which, and how to get it."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"Python {version} is needed and not found: not on the PATH as python{version}, not in pyenv "
            f"(pyenv install {version}), not in uv's directory (uv python install {version}), not in {FETCHED}"
        )


def find(version: str, environ: Mapping[str, str] = os.environ) -> Path | None:
    """A Python of this version, such as ``3.12``; None where there is none."""
    return next((path for path in candidates(version, environ) if says(path) == version), None)


def candidates(version: str, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the places of a Python of this version, the likeliest first; of patch releases the newest first."""
    name, home = f"python{version}", Path(environ.get("HOME", "/"))
    if on_path := shutil.which(name, path=environ.get("PATH", "")):
        yield Path(on_path)
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"
    yield from _newest_first(pyenv, f"{version}.*/bin/{name}")
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    uv = Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv/python")
    yield from _newest_first(uv, f"cpython-{version}.*/bin/{name}")
    yield FETCHED / version / "usr/bin" / name


def says(python: Path) -> str | None:
    """The version that it says it is of; None for one that does not run or makes no virtual environments."""
    try:
        told = subprocess.run(
            [python, "-c", PROBE], capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return told.stdout.strip() if told.returncode == 0 else None


def fetch(version: str) -> Path | None:
    """The Python that ``debian_python.sh`` has fetched; None where it cannot, which it says itself."""
    subprocess.run(["sh", ROOT / "tools/debian_python.sh", version, FETCHED / version], check=False)
    return find(version, {})


def need(
    wanted: str,
    search: Callable[[str], Path | None] = find,
    get: Callable[[str], Path | None] = fetch,
) -> tuple[str, Path]:
    """Version and path of a Python: of the one that is named, or of the newest beside the oldest.

    What is not found is fetched. Raises ``NoInterpreterError``.
    """
    if wanted != NEWEST:
        path = search(wanted) or get(wanted)
        if path is None:
            raise NoInterpreterError(wanted)
        return wanted, path
    for version in reversed(VERSIONS[1:]):
        if path := search(version):
            return version, path
    return need(TO_FETCH, search, get)


def _newest_first(directory: Path, pattern: str) -> list[Path]:
    return sorted(directory.glob(pattern), key=_patch_release, reverse=True)


def _patch_release(python: Path) -> tuple[int, ...]:
    release = python.parent.parent.name.removeprefix("cpython-").partition("-")[0]
    return tuple(int(number) for number in release.split(".") if number.isdigit())
