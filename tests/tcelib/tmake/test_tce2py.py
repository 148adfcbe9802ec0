"""The command as a shell runs it."""

from pathlib import Path

import pytest

from tcelib.tmake.tce2py import main
from tests.fork_server import run

IDL = "module m { interface I { void op(); }; interface J { void op(); }; }"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_every_module_is_written_with_the_table_of_indexes_and_all_is_said(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "a.idl").write_text("import b\nmodule a { sequence<b::S> L; }\nmodule class {}")
    (here / "b.idl").write_text("module b { struct S { int x; }; interface I { int f(); }; }")

    assert main(["-i", "a.idl", "-o", "out/deep"]) == 0
    written = ["out/deep/a.py", "out/deep/b.py", "out/deep/class_.py", "out/deep/ifxdef.txt"]
    assert files(here) == ["a.idl", "b.idl", *written]
    assert sorted(capsys.readouterr().out.splitlines()) == written
    assert (here / "out/deep/ifxdef.txt").read_text() == '<if id="0" name="b.I"/>\n'


def test_without_a_directory_everything_goes_here(here: Path) -> None:
    (here / "a.idl").write_text("module a {}")
    (here / "b.idl").write_text("module b {}")

    assert main(["-i", "a.idl,b.idl"]) == 0
    assert files(here) == ["a.idl", "a.py", "b.idl", "b.py", "ifxdef.txt"]


@pytest.mark.parametrize("words", [["-o", "out"], ["out"], ["./out/"]])
def test_a_directory_may_stand_behind_minus_o_or_alone(here: Path, words: list[str]) -> None:
    (here / "a.idl").write_text("module a {}")

    assert main(["-i", "a.idl", *words]) == 0
    assert files(here) == ["a.idl", "out/a.py", "out/ifxdef.txt"]


def test_a_directory_that_is_told_twice_is_a_mistake(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a.idl").write_text("module a {}")

    assert main(["-i", "a.idl", "-o", "out", "elsewhere"]) == 1
    assert files(here) == ["a.idl"]
    assert capsys.readouterr().err == "error: the folder is told twice: with -o, and without\n"


def test_the_table_goes_where_it_is_told(here: Path) -> None:
    (here / "a.idl").write_text(IDL)

    assert main(["-i", "a.idl", "-o", "out", "--ifxdef", "ifxdef.txt"]) == 0
    assert files(here) == ["a.idl", "ifxdef.txt", "out/m.py"]


def test_an_index_list_is_followed(here: Path) -> None:
    (here / "a.idl").write_text(IDL)
    (here / "mine.txt").write_text("m.J = 9,false\n")

    assert main(["-i", "a.idl", "--index-list", "mine.txt"]) == 0
    text = (here / "m.py").read_text()
    assert "ifidx=9" in text
    assert "class J(" not in text


def test_the_originals_option_without_effect_is_accepted_and_said_to_have_none(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "a.idl").write_text(IDL)

    assert main(["-i", "a.idl", "-if", "5"]) == 0
    assert "-if has no effect" in capsys.readouterr().err
    assert "ifidx=0" in (here / "m.py").read_text()


@pytest.mark.parametrize(
    ("idl", "line"),
    [
        (
            "module m {\n  struct S { strin s; };\n}",
            "a.idl:2:14: error: unknown type 'strin' (did you mean 'string'?)",
        ),
        (
            "module m { interface I { int f(); int f_async(); }; }",
            "a.idl:1:39: error: in Python both the asynchronous 'f' and operation 'f_async' are called 'f_async'",
        ),
    ],
)
def test_mistakes_are_said_and_nothing_is_written(
    here: Path, capsys: pytest.CaptureFixture[str], idl: str, line: str
) -> None:
    (here / "a.idl").write_text(idl)

    assert main(["-i", "a.idl", "-o", "out"]) == 1
    assert capsys.readouterr().err == f"{line}\n"
    assert files(here) == ["a.idl"]


def test_no_name_steers_the_terminal(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a.idl").write_text("module a { interface I { int f(); }; }")
    (here / "list.xml").write_text('<x><if id="1" name="a.\x9b2J"/></x>', encoding="utf-8")

    assert main(["-i", "a.idl", "--index-list", "list.xml"]) == 0
    assert capsys.readouterr().err.startswith(r"list.xml:1:4: warning: the index list names 'a.\x9b2J', which")


def test_the_command_is_a_module_with_help_and_a_status() -> None:
    command = ["-m", "tcelib.tmake.tce2py"]
    shown = run([*command, "--help"], check=True)
    assert all(option in shown.stdout for option in ("-i FILE", "-o DIR", "--index-list", "--ifxdef", "-if N"))
    missing = run([*command, "-i", "missing.idl"])
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr == "missing.idl:1:1: error: cannot read 'missing.idl': No such file or directory\n"
