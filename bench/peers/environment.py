"""Environments of the peers, made on demand under ``build/peers``: nothing of a peer comes into ours.

An environment is made again when what it is made from changes, and one that cannot be made is an ``InstallError``.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rtserver.bench.client.error import BenchError

HERE = Path(__file__).resolve().parent
PLACE = HERE.parents[1] / "build" / "peers"
INSTALL_SECONDS = 900.0  # zeroc-ice is compiled


class InstallError(BenchError):
    """A peer cannot be had here; the reason."""


def python_of(name: str) -> str:
    """The interpreter of the environment for ``bench/peers/<name>.txt``. Raises ``InstallError``."""
    requirements = HERE / f"{name}.txt"
    python = str(PLACE / name / "bin" / "python")

    def install(place: Path) -> None:
        run(name, sys.executable, "-m", "venv", str(place))
        run(name, python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(requirements))

    make(name, requirements.read_bytes(), install)
    return python


def program(name: str) -> str:
    """The path of an installed program. Raises ``InstallError``."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        raise InstallError(f"Debian's package {name} is not installed")
    return found


def make(name: str, source: bytes, fill: Callable[[Path], object]) -> Path:
    """Return the folder that ``fill`` has filled from ``source``, now or earlier. Raises what ``fill`` raises."""
    place = PLACE / name
    made_from = place / "made-from"
    wanted = hashlib.sha256(source).hexdigest()
    if not made_from.exists() or made_from.read_text() != wanted:
        print(f"installing {name} ...", flush=True)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        fill(place)
        made_from.write_text(wanted)
    return place


def run(name: str, *command: str, variables: Mapping[str, str] | None = None) -> None:
    """Run a step of the installation of ``name``. Raises ``InstallError`` with the command's last words."""
    environment = {**os.environ, **(variables or {})}
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS, env=environment)
    except subprocess.TimeoutExpired:
        raise InstallError(f"{name}: not installed within {INSTALL_SECONDS:.0f} s") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["no reason given"]
        raise InstallError(f"{name}: {lines[-1][:200]}") from None
