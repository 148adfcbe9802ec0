"""Virtual environments of the peers, made on demand under ``build/peers``: nothing of a peer comes into ours.

An environment is made again when its requirements change, and one that cannot be made is an ``InstallError``.
"""

import hashlib
import shutil
import subprocess
import sys
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
    place = PLACE / name
    made_from = place / "made-from"
    wanted = hashlib.sha256(requirements.read_bytes()).hexdigest()
    python = str(place / "bin" / "python")
    if not made_from.exists() or made_from.read_text() != wanted:
        print(f"installing {name} ...", flush=True)
        shutil.rmtree(place, ignore_errors=True)
        _run(name, sys.executable, "-m", "venv", str(place))
        _run(name, python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(requirements))
        made_from.write_text(wanted)
    return python


def program(name: str) -> str:
    """The path of an installed program. Raises ``InstallError``."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin")
    if found is None:
        raise InstallError(f"Debian's package {name} is not installed")
    return found


def _run(name: str, *command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        raise InstallError(f"{name}: not installed within {INSTALL_SECONDS:.0f} s") from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or ["no reason given"]
        raise InstallError(f"{name}: {lines[-1][:200]}") from None
