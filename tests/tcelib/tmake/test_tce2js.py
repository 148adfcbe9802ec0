"""The command as a shell runs it."""

from pathlib import Path

import pytest

from tcelib.tmake.tce2js import main
from tests.fork_server import run

IDL = "module m { interface I { void op(); }; interface J { void op(); }; }"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_a_module_and_its_declarations_are_made_for_every_module(here: Path) -> None:
    (here / "a.idl").write_text("import b\nmodule a { sequence<b::S> L; }\nmodule c {}")
    (here / "b.idl").write_text("module b { struct S { int x; }; }")
    assert main(["-i", "a.idl", "-o", "out/deep"]) == 0
    made = [f"out/deep/{name}{suffix}" for name in "abc" for suffix in (".d.ts", ".js")]
    assert files(here) == ["a.idl", "b.idl", *made, "out/deep/ifxdef.txt"]


def test_several_files_are_named_in_one_list(here: Path) -> None:
    (here / "a.idl").write_text("module a {}")
    (here / "b.idl").write_text("module b {}")
    assert main(["-i", "a.idl,b.idl"]) == 0
    assert "output/a.js" in files(here)
    assert "output/b.js" in files(here)


def test_the_table_of_indexes_is_written_beside_the_modules(here: Path) -> None:
    (here / "a.idl").write_text(IDL)
    main(["-i", "a.idl", "-o", "out"])
    assert (here / "out/ifxdef.txt").read_text() == '<if id="0" name="m.I"/>\n<if id="1" name="m.J"/>\n'


def test_an_index_list_that_is_there_or_named_is_followed(here: Path) -> None:
    (here / "a.idl").write_text(IDL)
    (here / "mine.txt").write_text("m.J = 9\n")
    main(["-i", "a.idl", "-o", "."])
    assert "ifidx: 9" not in (here / "m.js").read_text()
    main(["-i", "a.idl", "-o", ".", "--index-list", "mine.txt"])
    assert "ifidx: 9" in (here / "m.js").read_text()
    (here / "ifx-index-list.txt").write_text("m.J = 12,false\n")
    main(["-i", "a.idl", "-o", "."])
    text = (here / "m.js").read_text()
    assert "ifidx: 12" in text
    assert "class J extends" not in text


def test_of_several_index_lists_the_one_that_is_read_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a.idl").write_text("module m { interface J { void op(); }; }")
    (here / "ifx-index-list.txt").write_text("m.J = 12\n")
    (here / "if-index-list.txt").write_text("m.J = 13\n")
    main(["-i", "a.idl", "-o", "."])
    assert "ifidx: 13" in (here / "m.js").read_text()
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "warning: ifx-index-list.txt is not read, because if-index-list.txt is here; --index-list says which"
    )


def test_structs_that_nest_as_deeply_as_they_may_cost_no_more_than_others(here: Path) -> None:
    structs = "".join(f"struct S{at} {{ S{at - 1} a; S{at - 1} b; }};" for at in range(1, 64))
    (here / "a.idl").write_text(f"module m {{ struct S0 {{ int x; }}; {structs} interface I {{ S63 f(S63 s); }}; }}")
    assert main(["-i", "a.idl", "-o", "."]) == 0
    assert "static minBytes = 36893488147419103232;" in (here / "m.js").read_text()


def test_mistakes_are_said_with_their_places_and_nothing_is_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "a.idl").write_text("module m {\n  interface I { void op(strin s); };\n}")
    assert main(["-i", "a.idl", "-o", "out"]) == 1
    assert capsys.readouterr().err.startswith("a.idl:2:25: error: unknown type 'strin'")
    assert files(here) == ["a.idl"]


def test_cautions_are_said_and_all_is_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a.idl").write_text("module m { [index=0] interface I { void op(); }; interface J { void op(); }; }")
    (here / "b.idl").write_text("module n { [index=0] interface K { void op(); }; }")
    assert main(["-i", "a.idl,b.idl", "-o", "out"]) == 0
    assert "warning:" in capsys.readouterr().err
    assert (here / "out/n.js").is_file()


def test_a_base_in_a_module_that_is_loaded_later_is_a_mistake(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a.idl").write_text(
        "import b\nmodule a { struct S { int x; }; [index=1] interface I extends b::J { void i(); }; }"
    )
    (here / "b.idl").write_text("module b { interface J { a::S j(); }; }")
    assert main(["-i", "a.idl", "-o", "out"]) == 1
    assert "a.idl:2:53: error: in JavaScript 'a.I' cannot extend 'b.J'" in capsys.readouterr().err
    assert files(here) == ["a.idl", "b.idl"]


def test_a_place_that_cannot_be_written_is_named(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a.idl").write_text("module m {}")
    (here / "out").write_text("a file")
    assert main(["-i", "a.idl", "-o", "out"]) == 1
    assert "out: error: cannot be written" in capsys.readouterr().err


def test_the_command_is_a_module_with_help_and_a_status() -> None:
    command = ["-m", "tcelib.tmake.tce2js"]
    shown = run([*command, "--help"], check=True)
    assert all(option in shown.stdout for option in ("-i FILE", "-o DIR", "--index-list", "--runtime"))
    missing = run([*command, "-i", "missing.idl"])
    assert missing.returncode == 1
    assert missing.stderr.startswith("missing.idl:1:1: error: cannot read 'missing.idl'")
