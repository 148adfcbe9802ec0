"""Makes virtual environments under ``build/envs`` from locks; one stays as long as its locks and its Python do."""

import hashlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "envs"
STAMP = ".made-of"
# More than there are cores: many tests wait for servers that start and stop.
OPTIONS = ("-n", "4", "--dist", "worksteal", "-m", "not javascript")


def is_green(python: Path, tests: Sequence[str] = ()) -> bool:
    """Run the tests that need no JavaScript, by default all, with the Python of an environment."""
    return subprocess.run([python, "-m", "pytest", *OPTIONS, *tests], cwd=ROOT, check=False).returncode == 0


def prepare(name: str, python: Path, locks: Sequence[Path]) -> Path:
    """The Python of the environment ``name``, in which the locks are installed one after the other, by hash.

    Of a package that is in several the last lock's version stays. Raises ``CalledProcessError`` where pip fails.
    """
    directory = HOME / name
    stamp, made_of = directory / STAMP, fingerprint(python, locks)
    inside = directory / "bin" / "python"
    if stamp.exists() and stamp.read_text() == made_of:
        return inside
    print(f"Making {directory.relative_to(ROOT)} with {python}", flush=True)
    subprocess.run([python, "-m", "venv", "--clear", directory], check=True)
    for lock in locks:
        install(inside, "--require-hashes", "-r", lock)
    stamp.write_text(made_of)
    return inside


def install(python: Path, *arguments: str | Path) -> None:
    """``pip install`` with these arguments, by this Python. Raises ``CalledProcessError``."""
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *arguments], check=True)


def fingerprint(python: Path, locks: Sequence[Path]) -> str:
    """Another text for every other Python and every change of a lock."""
    digest = hashlib.sha256(str(python.resolve()).encode())
    for lock in locks:
        digest.update(hashlib.sha256(lock.read_bytes()).digest())
    return digest.hexdigest()
