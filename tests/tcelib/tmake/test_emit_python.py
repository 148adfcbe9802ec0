"""Generated Python as text: what it was is what it is, and the project's own tools have nothing to say about it.

After a change of the emitter:
python -m tcelib.tmake.tce2py -i tests/tcelib/idl/everything.idl -o tests/tcelib/generated
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tcelib.tmake.compiler import compile_files
from tcelib.tmake.index_list import index_table
from tcelib.tmake.model import Model
from tests.tcelib.tmake.python_case import GENERATED, IDL, ROOT, model_of, texts_of
from tests.tcelib.vectors import IDL as VECTORS_IDL

EVERYTHING = IDL / "everything.idl"
CIRCLE = {
    "a": "import b module a { interface Base { b::T f(); }; struct S { int x; }; }",
    "b": "import a module b { struct T { a::S s; }; interface Derived extends a::Base { void g(T t); }; }",
}


def everything() -> Model:
    result = compile_files([str(EVERYTHING)])
    assert result.model is not None, [str(problem) for problem in result.problems]
    return result.model


def test_generated_code_is_what_it_was() -> None:
    texts = {f"{name}.py": text for name, text in texts_of(everything()).items()}
    texts["ifxdef.txt"] = index_table(everything().interfaces())

    assert sorted(texts) == sorted(path.name for path in GENERATED.iterdir() if path.is_file())
    for name, text in texts.items():
        assert text == (GENERATED / name).read_text(encoding="utf-8"), name


def test_the_text_is_the_same_in_every_process() -> None:
    program = (
        "import sys; from tcelib.tmake.compiler import compile_files;"
        "from tcelib.tmake.emit_python import emit_python;"
        "m = compile_files(sys.argv[1:]).model;"
        "sys.stdout.write(''.join(emit_python(m, each) for each in m.modules))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, str(EVERYTHING)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    }

    assert outputs == {"".join(texts_of(everything()).values()).encode()}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the Python of all IDLs, and a program that uses it."""
    directory = tmp_path_factory.mktemp("generated")
    circle = model_of(CIRCLE["a"], **CIRCLE)
    example = compile_files([str(ROOT / "docs/tce/examples/test.idl")]).model
    assert example is not None
    for model in (everything(), model_of(VECTORS_IDL), circle, example):
        for name, text in texts_of(model).items():
            (directory / f"{name}.py").write_text(text, encoding="utf-8")
    (directory / "program.py").write_text(PROGRAM)
    return directory


PROGRAM = '''"""What users write against generated code."""

from test import ITerminalPrx, Server, ServerPrx

import tcelib as tce


class Plain(Server):
    def echo(self, text: str, ctx: tce.RpcContext) -> str:
        ITerminalPrx(ctx.conn).onMessage_oneway(text)
        return text


class Waiting(Server):
    async def echo(self, text: str, ctx: tce.RpcContext) -> str:
        return text


def greeted(result: str, proxy: ServerPrx, cookie: object) -> None:
    proxy.heartbeat_oneway(result, extra={"k": "v"})


def call(proxy: ServerPrx) -> str:
    promise: tce.RpcPromise[str] = proxy.echo_async("hi", greeted, cookie=1, extra={"k": "v"}, timeout=2.5)
    proxy.timeout(3, 6)
    return proxy.echo("hi", timeout=1, extra={"k": "v"}) + proxy.datetime() + promise.get(1)
'''


def test_generated_code_passes_mypy_strict(written: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--config-file=",
        "--follow-imports=silent",
        "--no-incremental",
    ]
    done = subprocess.run(
        [*command, "--cache-dir", os.devnull, "."],
        cwd=written,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.stdout.startswith("Success"), done.stdout


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_generated_code_passes_ruff(written: Path, command: list[str]) -> None:
    ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", "--config", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*ruff, *sorted(map(str, written.glob("*.py")))], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stdout


def test_classes_say_where_they_come_from_and_what_their_comment_is() -> None:
    classes = {
        node.name: ast.get_docstring(node)
        for node in ast.parse((GENERATED / "everything.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    }

    assert classes["One"] == "struct everything.One (everything.idl, line 43)."
    described = (
        "interface everything.Base, index 11 (everything.idl, line 64).\n\nEveryone's operations, with a \\ in the"
    )
    assert classes["Base"].startswith(f"Servant of {described}")
    assert classes["BasePrx"].startswith(f"Proxy of {described}")
    extends = "everything.Derived, index 1, which extends everything.Base (everything.idl, line 71)."
    assert classes["DerivedPrx"] == f"Proxy of interface {extends}"
    assert all(classes.values())


def test_a_module_without_anything_is_a_docstring() -> None:
    (text,) = texts_of(model_of("module m {}")).values()

    (docstring,) = ast.parse(text).body
    assert isinstance(docstring, ast.Expr)


@pytest.mark.parametrize("comment", ["\\", "a\\nb\\", "\x00\x07\x1b", "注释", "{x} %s", "''' '"])
def test_any_comment_fits_in_a_docstring(comment: str) -> None:
    (text,) = texts_of(model_of(f'module m {{ [comment="{comment}"] interface I {{ void f(); }}; }}')).values()

    classes = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
    assert all(ast.get_docstring(node) for node in classes)
    assert comment.isprintable() <= (comment in (ast.get_docstring(classes[0]) or ""))
