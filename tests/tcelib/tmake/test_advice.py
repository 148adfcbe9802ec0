"""The advice of a problem is followed, as its words say it, and then nothing is wrong, also when it is loaded."""

import importlib
import re
import sys
from pathlib import Path

import pytest

from tcelib.tmake import tce2js, tce2py
from tests.tcelib.tmake.javascript_case import RUNTIME
from tests.test_javascript import find_node, run

LATER = "module m {{ struct A {{ {0} b; }}; struct B {{ int x; }}; interface I {{ A f({0} b); }}; }}"
MISSPELLED = "module n {{ struct Tree {{ int x; }}; }} module m {{ struct A {{ {} t; }}; struct Tea {{ int y; }}; }}"
CIRCLE = "module m {{ struct A {{ m::B b; }}; struct B {{ {} a; }}; }}"
LIST_CIRCLE = "module m {{ struct A {{ {} l; }}; sequence<A> L; }}"
LIST_FIRST = "module m {{ sequence<m::S> L; struct S {{ {} l; }}; }}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, which is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def said(place: Path, capsys: pytest.CaptureFixture[str], idl: str) -> tuple[str, str]:
    """Return the messages of tce2py and tce2js about an IDL, file names left out."""
    (place / "a.idl").write_text(idl)
    problems = []
    for main, more in ((tce2py.main, []), (tce2js.main, ["--runtime", str(RUNTIME)])):
        status = main(["-i", "a.idl", "-o", ".", *more])
        errors = capsys.readouterr().err
        assert status == bool("error:" in errors)
        problems.append(errors)
    return problems[0], problems[1]


def load(place: Path) -> None:
    """Import what was made, in both languages, each module first."""
    names = sorted(module.stem for module in place.glob("*.py"))
    for first in names:
        importlib.import_module(first)
        for name in names:
            sys.modules.pop(name, None)
    scripts = [f'await import("./{path.name}");' for path in sorted(place.glob("*.js"))]
    (place / "load.mjs").write_text("\n".join(scripts))
    run(find_node(), str(place / "load.mjs"))


@pytest.mark.javascript
@pytest.mark.parametrize(
    ("idl", "wrong", "advice"),
    [
        (LATER, "B", r"write (m::B)$"),
        (MISSPELLED, "n::Tee", r"did you mean '(n::Tree)'"),
        (MISSPELLED, "Tree", r"did you mean '(n::Tree)'"),
        (MISSPELLED, "Teea", r"did you mean '(m::Tea)'"),
        (CIRCLE, "A", r"in 'm\.B' put an id, such as an (int), in the place of 'm\.A'$"),
        (LIST_CIRCLE, "L", r"in 'm\.L' put an id, such as an (int), in the place of 'm\.A'$"),
        (LIST_FIRST, "L", r"in 'm\.S' put an id, such as an (int), in the place of 'm\.L'$"),
    ],
)
def test_a_name_is_written_as_the_message_says(
    place: Path, capsys: pytest.CaptureFixture[str], idl: str, wrong: str, advice: str
) -> None:
    for line in said(place, capsys, idl.format(wrong)):
        assert line.count("error:") == 1
        found = re.search(advice, line.strip())
        assert found, line
    mended = idl.format(found[1])
    if "in 'm.L'" in advice:
        mended = idl.format("m::L").replace("sequence<A>", f"sequence<{found[1]}>")
    assert said(place, capsys, mended) == ("", "")
    load(place)


@pytest.mark.javascript
def test_a_circle_of_modules_is_left_as_the_message_says(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    idl = """
        module a { struct S { d::U u; c::T t; }; interface A { int f(); }; }
        module b { [index=1] interface B extends a::A { S g(); }; struct S { int x; }; }
        module c { struct T { int x; }; [index=2] interface C extends b::B { int h(); }; }
        module d { struct U { int x; }; struct V { b::S s; }; }
    """
    python, javascript = said(place, capsys, idl)
    assert python.strip().endswith("move what 'a' needs of 'c' and 'd' to a module that needs none of them")
    assert javascript.splitlines()[0].endswith(
        "move what 'a' needs of 'c' and 'd' to a module that needs none of them"
    )
    moved = idl.replace("struct T { int x; };", "").replace("struct U { int x; };", "")
    moved = moved.replace("d::U", "e::U").replace("c::T", "e::T")
    assert said(place, capsys, f"{moved} module e {{ struct T {{ int x; }}; struct U {{ int x; }}; }}") == ("", "")
    load(place)


@pytest.mark.javascript
def test_a_module_that_is_not_known_is_imported_as_the_message_says(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "geometry.idl").write_text("module geometry { struct Point { int x; }; }")
    idl = "module m { struct A { geometry::Point p; }; }"
    assert all("unknown module 'geometry'; is its file imported?" in line for line in said(place, capsys, idl))
    assert said(place, capsys, f"import geometry\n{idl}") == ("", "")
    load(place)


@pytest.mark.javascript
def test_an_interface_gets_the_index_that_the_message_asks_for(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    idl = "module m { interface A { int f(); }; } module n { %sinterface B { int f(); }; }"
    assert all(line.strip().endswith("give one of them [index=...]") for line in said(place, capsys, idl % ""))
    assert said(place, capsys, idl % "[index=7] ") == ("", "")
    load(place)


@pytest.mark.javascript
def test_a_module_of_the_runtimes_name_does_not_overwrite_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "a.idl").write_text("module tce { struct S { int x; }; }")
    (place / "tce.js").write_text("the runtime")
    assert tce2js.main(["-i", "a.idl", "-o", "."]) == 1
    assert "module 'tce' becomes tce.js, which is the runtime: say with --runtime" in capsys.readouterr().err
    assert (place / "tce.js").read_text() == "the runtime"
    assert tce2js.main(["-i", "a.idl", "-o", ".", "--runtime", str(RUNTIME)]) == 0
    load(place)


def test_a_module_that_would_hide_one_of_python_is_a_warning(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "a.idl").write_text("module logging { struct S { int x; }; } module test { struct S { int x; }; }")
    assert tce2py.main(["-i", "a.idl", "-o", "."]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("a.idl:1:8: warning: module 'logging' becomes logging.py, which hides Python's own module")
