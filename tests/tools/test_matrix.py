"""The Pythons and Djangos that everything is tested with: how they are found, and what happens where one is not."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))  # they are scripts, and find one another beside themselves

import django_matrix  # noqa: E402
import environment  # noqa: E402
import interpreters  # noqa: E402
import python_matrix  # noqa: E402
import wheel_check  # noqa: E402
from interpreters import NoInterpreterError, find, need  # noqa: E402
from lock_file import read_lock  # noqa: E402

CELLS = list(django_matrix.read_table(django_matrix.TABLE.read_text()))


def lay_python(path: Path, version: str) -> Path:
    """A program that answers as a Python of this version does."""
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


def machine_with(*versions: str) -> Callable[[str], Path | None]:
    return lambda version: Path(f"/usr/bin/python{version}") if version in versions else None


def no_way(_version: str) -> Path | None:
    return None


def test_a_python_is_found_on_the_path_in_pyenv_and_in_uvs_directory(tmp_path: Path) -> None:
    here = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
    assert find("3.12", here) is None
    uv = lay_python(tmp_path / ".local/share/uv/python/cpython-3.12.4-linux-x86_64-gnu/bin/python3.12", "3.12")
    assert find("3.12", here) == uv
    lay_python(tmp_path / ".pyenv/versions/3.12.9/bin/python3.12", "3.12")
    newest = lay_python(tmp_path / ".pyenv/versions/3.12.10/bin/python3.12", "3.12")
    assert find("3.12", here) == newest
    on_path = lay_python(tmp_path / "bin/python3.12", "3.12")
    assert find("3.12", here) == on_path


def test_a_name_without_its_python_behind_it_does_not_count(tmp_path: Path) -> None:
    lay_python(tmp_path / "bin/python3.13", "3.11")
    broken = lay_python(tmp_path / ".pyenv/versions/3.13.0/bin/python3.13", "3.13")
    broken.write_text("#!/bin/sh\nexit 127\n")
    assert find("3.13", {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}) is None


def test_this_python_is_one_that_would_be_taken() -> None:
    assert interpreters.says(Path(sys.executable)) == f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_the_newest_is_the_newest_that_is_found_and_never_the_oldest() -> None:
    assert need("newest", machine_with("3.11", "3.12", "3.13"), no_way)[0] == "3.13"
    assert need("newest", machine_with("3.11"), machine_with("3.13"))[0] == "3.13"
    with pytest.raises(NoInterpreterError, match=r"^Python 3\.13 is needed and not found"):
        need("newest", machine_with("3.11"), no_way)


def test_a_python_that_is_named_and_not_found_is_fetched_or_missed_by_name() -> None:
    assert need("3.14", machine_with("3.13"), machine_with("3.14")) == ("3.14", Path("/usr/bin/python3.14"))
    with pytest.raises(NoInterpreterError, match=r"pyenv install 3\.14.*uv python install 3\.14"):
        need("3.14", machine_with("3.13"), no_way)


@pytest.mark.parametrize(
    ("version", "answer"),
    [
        *((version, "apt-get is missing") for version in ("3.11", "3.13", "3.14")),
        ("3.12", "is in no Debian"),
    ],
)
def test_debian_is_asked_for_the_oldest_python_too_and_only_for_those_that_it_has(
    version: str, answer: str, tmp_path: Path
) -> None:
    command = ["/bin/sh", ROOT / "tools/debian_python.sh", version, tmp_path / "python"]
    told = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert answer in told.stderr
    assert not (tmp_path / "python").exists()


@pytest.mark.parametrize(
    ("name", "line", "mirror"),
    [
        ("sources.list", "deb [arch=amd64] http://mirror.test/debian/ bookworm main", "http://mirror.test/debian"),
        ("sources.list.d/debian.sources", "URIs: http://mirror.test/debian", "http://mirror.test/debian"),
        ("sources.list.d/debian.sources", "URIs: mirror+file:///m/debian.list", "mirror+file:///m/debian.list"),
    ],
)
def test_a_python_is_fetched_from_the_mirror_of_this_machine(
    name: str, line: str, mirror: str, tmp_path: Path
) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / name).write_text(f"URIs: http://mirror.test/debian-security\n{line}\n")
    for tool in ("apt-get", "dpkg-deb"):
        (tmp_path / tool).write_text(f"#!/bin/sh\ncat {tmp_path}/python/apt/sources.list\nexit 1\n")
        (tmp_path / tool).chmod(0o755)
    command = ["/bin/sh", ROOT / "tools/debian_python.sh", "3.13", tmp_path / "python"]
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "APT_SOURCES": str(tmp_path)}
    told = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert f"] {mirror} trixie main\n" in told.stdout


@pytest.mark.parametrize("matrix", [django_matrix.main, lambda: python_matrix.main([])])
def test_a_matrix_without_its_python_fails_before_any_test_and_says_what_is_missing(
    matrix: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(wanted: str) -> tuple[str, Path]:
        raise NoInterpreterError(wanted)

    for module in (django_matrix, python_matrix):
        monkeypatch.setattr(module, "need", fail)
        monkeypatch.setattr(module.environment, "prepare", lambda *_: pytest.fail("nothing is to be made"))
    assert matrix() == 2
    assert "Python 3.11 is needed and not found" in capsys.readouterr().err


def test_the_table_has_the_oldest_and_the_newest_of_both() -> None:
    assert {("3.11", "4.2"), ("3.11", "5.2"), ("newest", "5.2"), ("newest", "6.0")} == set(CELLS)
    assert all((ROOT / path).exists() for path in django_matrix.TESTS)


def test_the_wheel_is_installed_beside_each_django_of_the_table_once() -> None:
    chosen = wheel_check.one_for_each_django(CELLS)
    assert {(cell.python, cell.django) for cell in chosen} == {("3.11", "4.2"), ("3.11", "5.2"), ("newest", "6.0")}
    assert len(chosen) == len({cell.django for cell in CELLS})


def test_a_wheel_that_replaces_django_is_found_out_each_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there = {"django": "4.2.1"}

    def install(_python: Path, *arguments: object) -> None:
        there["django"] = "4.2.1" if CELLS[0].lock in arguments else "6.0.1"

    monkeypatch.setattr(wheel_check.environment, "prepare", lambda *_: tmp_path / "python")
    monkeypatch.setattr(wheel_check.environment, "install", install)
    monkeypatch.setattr(wheel_check, "ask", lambda *_, **_options: there["django"])
    for _ in range(2):
        assert not wheel_check.leaves_django_alone(Path("python"), Path("rtserver.whl"), CELLS[0], tmp_path)


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_each_django_of_the_table_is_locked_within_the_range_and_needs_no_newer_python(
    cell: django_matrix.Cell,
) -> None:
    (django,) = (row for row in read_lock(cell.lock.read_text()) if row.name == "django")
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    promised = next(Requirement(line.partition("#")[0]) for line in lines if line.startswith("django"))
    assert promised.specifier.contains(django.version)
    assert Version(django.version).release[:2] == Version(cell.django).release
    assert django.hashes
    assert "://" not in cell.lock.read_text()


def test_an_environment_is_made_anew_for_another_lock_or_another_python_only(tmp_path: Path) -> None:
    one, other, lock = tmp_path / "one", tmp_path / "other", tmp_path / "lock"
    lock.write_text("a")
    first = environment.fingerprint(one, [lock])
    assert environment.fingerprint(one, [lock]) == first
    assert environment.fingerprint(other, [lock]) != first
    lock.write_text("b")
    assert environment.fingerprint(one, [lock]) != first
