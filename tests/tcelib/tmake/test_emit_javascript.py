"""The ES module of a model. What it does when it runs is in tests/js/tce_generated.test.mjs."""

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tcelib.tmake.emit_javascript import emit_javascript
from tcelib.tmake.emit_typescript import emit_typescript
from tcelib.tmake.javascript_name import distinct
from tests.tcelib.tmake.javascript_case import (
    GENERATED,
    ROOT,
    RUNTIME,
    RUNTIME_OF_GENERATED,
    compiled,
    generated_model,
    model_of,
)
from tests.test_javascript import find_tool, run

TSCONFIG = '{"extends": "%s", "include": ["*.js"], "exclude": []}'
EVERY_NAME_ONCE = "module m { struct S { int x; }; interface I { S op(S s); }; }"


@pytest.mark.parametrize("name", ["names", "parts", "roots", "vec"])
def test_the_modules_that_the_javascript_tests_use_are_what_the_emitters_make(name: str) -> None:
    model = generated_model()
    module = next(module for module in model.modules if module.name == name)
    assert (GENERATED / f"{name}.js").read_text() == emit_javascript(model, module, RUNTIME_OF_GENERATED)
    assert (GENERATED / f"{name}.d.ts").read_text() == emit_typescript(model, module, RUNTIME_OF_GENERATED)


def test_another_process_with_other_hashes_writes_the_same_bytes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tcelib.tmake.tce2js", "-i", str(GENERATED / "names.idl"), "-o", str(tmp_path)]
    table = ["--ifxdef", str(tmp_path / "ifxdef.txt"), "--runtime", RUNTIME_OF_GENERATED]
    subprocess.run([*command, *table], cwd=ROOT, env={"PYTHONHASHSEED": "77"}, check=True, timeout=60)
    for name in ("names", "parts", "roots"):
        for suffix in (".js", ".d.ts"):
            assert (tmp_path / f"{name}{suffix}").read_bytes() == (GENERATED / f"{name}{suffix}").read_bytes()


@pytest.mark.javascript
def test_generated_modules_have_sound_types(tmp_path: Path) -> None:
    model = generated_model()
    for module in model.modules:
        (tmp_path / f"{module.name}.js").write_text(emit_javascript(model, module, str(RUNTIME)))
    (tmp_path / "tsconfig.json").write_text(TSCONFIG % (ROOT / "tsconfig.json"))
    run(find_tool("tsc"), "--project", str(tmp_path))


def test_lines_are_no_longer_than_a_screen_is_wide() -> None:
    for path in GENERATED.glob("*.*s"):
        assert max(map(len, path.read_text().splitlines())) <= 120, path


def test_the_runtime_is_imported_from_where_it_is_said_to_be() -> None:
    model = model_of(EVERY_NAME_ONCE)
    (module,) = model.modules
    assert 'import * as tce from "./tce.js";\n' in emit_javascript(model, module)
    assert 'import * as tce from "/lib/x.js";\n' in emit_javascript(model, module, "/lib/x.js")


def test_a_module_without_elements_is_a_module() -> None:
    model = model_of("module m {}")
    assert emit_javascript(model, model.modules[0]).count("\n") == 2


def test_an_index_list_takes_a_servant_away_as_an_annotation_does() -> None:
    model = model_of(EVERY_NAME_ONCE)
    (module,) = model.modules
    struct, interface = module.elements
    hidden = replace(module, elements=(struct, replace(interface, is_exposed=False)))
    text = emit_javascript(replace(model, modules=(hidden,)), hidden)
    assert "class IProxy extends" in text
    assert "class I extends" not in text


def test_an_annotation_for_another_language_changes_nothing() -> None:
    plain = model_of("module m { interface I { void op(); }; }")
    other = model_of("module m { [skeleton_java=false] interface I { void op(); }; }")
    assert emit_javascript(other, other.modules[0]) == emit_javascript(plain, plain.modules[0])


def test_what_is_used_is_declared_before_it_is_used_however_it_stands_in_the_idl() -> None:
    idl = """
        module m {
            sequence<m::B> L;
            dictionary<int, m::L> D;
            struct A { m::B b; };
            struct B { m::C c; };
            struct C { int x; };
            interface E extends m::F { void e(); };
            interface F { void f(D d); };
        }
    """
    model = model_of(idl)
    text = emit_javascript(model, model.modules[0])
    places = [text.index(f"export {what}") for what in ("class C ", "class B ", "const L ", "const D ", "class A ")]
    assert places == sorted(places)
    assert text.index("export class F extends") < text.index("export class E extends")


def test_modules_that_need_no_one_that_needs_them_name_types_straight_away() -> None:
    texts = {
        "a.idl": "import b\nmodule a { sequence<b::S> L; interface I { b::S op(L l); }; }",
        "b.idl": "module b { struct S { int x; }; }",
    }
    model = compiled(texts, "a.idl")
    module = next(module for module in model.modules if module.name == "a")
    assert "tce.later" not in emit_javascript(model, module)


def test_names_are_kept_apart_whatever_they_are() -> None:
    rng = random.Random(3)
    for _ in range(2000):
        names = rng.sample(["a", "a_", "a__", "b", "b_", "c"], rng.randint(0, 6))
        taken = set(rng.sample(["a", "a_", "a__", "b", "b_", "c"], rng.randint(0, 6)))
        found = distinct(names, taken)
        assert len(set(found)) == len(names)
        assert taken.isdisjoint(found)
        assert all(one.rstrip("_") == other.rstrip("_") for one, other in zip(names, found, strict=True))
        assert all(one == other for one, other in zip(names, found, strict=True) if one not in taken)
