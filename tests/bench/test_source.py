"""Peers that are built from source, and what is said where they cannot be."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bench.peers import environment, source
from bench.peers.environment import InstallError
from bench.peers.source import CProgram, GoProgram

GO_PROGRAM = GoProgram("pusher", "example.invalid/pusher", "v1.0.0")
FAKE_GO = """#!/bin/sh
echo "$GOBIN $*" >> "$(dirname "$0")/calls"
touch "$GOBIN/pusher"
"""
with_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what is built out of the checkout."""
    monkeypatch.setattr(environment, "PLACE", tmp_path / "peers")
    monkeypatch.setattr(source, "HERE", tmp_path)
    monkeypatch.delenv("CC", raising=False)
    return tmp_path / "peers"


def write_program(folder: Path, text: str) -> None:
    """The one file of a C program."""
    folder.mkdir(exist_ok=True)
    (folder / "main.c").write_text(text)


@with_compiler
def test_a_c_program_is_built_once_and_again_when_its_source_has_changed(tmp_path: Path) -> None:
    write_program(tmp_path / "answer", "int main(void) { return 3; }")
    path = CProgram("answer").path()
    first = Path(path).stat().st_mtime_ns
    assert subprocess.run([path], check=False).returncode == 3
    assert CProgram("answer").path() == path
    assert Path(path).stat().st_mtime_ns == first
    write_program(tmp_path / "answer", "int main(void) { return 4; }")
    assert subprocess.run([CProgram("answer").path()], check=False).returncode == 4


@with_compiler
def test_a_c_program_that_does_not_compile_is_named_and_tried_again(tmp_path: Path) -> None:
    write_program(tmp_path / "answer", "int main(void) { return nothing; }")
    for _ in range(2):
        with pytest.raises(InstallError, match="answer: "):
            CProgram("answer").path()


def test_an_absent_compiler_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler -m64")
    with pytest.raises(InstallError, match="there is no C compiler no-such-compiler"):
        CProgram("answer").path()


def test_an_absent_go_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallError, match="there is no Go"):
        GO_PROGRAM.path()


def test_a_go_program_is_installed_once_at_its_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: Path
) -> None:
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(FAKE_GO)
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}:/usr/bin:/bin")
    assert GO_PROGRAM.path() == GO_PROGRAM.path() == str(place / "pusher" / "pusher")
    calls = (go.parent / "calls").read_text()
    assert calls == f"{place / 'pusher'} install example.invalid/pusher@v1.0.0\n"
