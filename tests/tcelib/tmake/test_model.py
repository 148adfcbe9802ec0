"""The meaning of an IDL: names, numbers, bases, imported files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tcelib.tmake.compiler import compile_files
from tcelib.tmake.model import Builtin, Model
from tests.tcelib.tmake.python_case import ROOT, compiled, model_of


def indexes(model: Model) -> dict[str, int]:
    return {interface.full_name: interface.index for interface in model.interfaces()}


def operations(model: Model) -> dict[str, int]:
    return {operation.name: operation.index for interface in model.interfaces() for operation in interface.operations}


def test_an_index_that_is_said_replaces_the_counted_one_and_the_count_goes_on() -> None:
    result = compile_files([str(ROOT / "docs/tce/examples/test.idl")])
    assert result.model is not None

    assert indexes(result.model) == {
        "test.BaseServer": 11,
        "test.ITerminalGatewayServer": 1,
        "test.Server": 2,
        "test.ITerminal": 3,
    }
    assert result.problems == ()


def test_operations_are_counted_from_0_in_each_interface() -> None:
    model = model_of(
        "module m { interface I { int a(); [index=40] int b(); int c(); }; "
        "interface J extends I { int d(); int e(); }; }"
    )

    assert operations(model) == {"a": 0, "b": 40, "c": 2, "d": 0, "e": 1}


def test_every_module_counts_its_interfaces_over_all_its_openings() -> None:
    f = "{ int f(); };"
    result = compiled(f"module m {{ interface A {f} }} module n {{ interface B {f} }} module m {{ interface C {f} }}")
    assert result.model is not None

    assert indexes(result.model) == {"m.A": 0, "m.C": 1, "n.B": 0}
    assert [module.name for module in result.model.modules] == ["m", "n"]


def test_an_annotation_counts_more_than_an_index_list_and_that_more_than_the_count() -> None:
    idl = (
        "module m { [index=5] interface A { [index=6] int a(); int b(); }; "
        "interface B { int c(); }; interface C { int d(); }; }"
    )
    listed = (
        '<interfaces><if name="m.A" index="15"><functions><f name="a" index="16"/><f name="b" index="17"/>'
        '</functions></if><if name="m.B" index="18" delegate_expose="false"/></interfaces>'
    )
    model = compiled(idl, listed).model
    assert model is not None

    assert indexes(model) == {"m.A": 5, "m.B": 18, "m.C": 2}
    assert operations(model) == {"a": 6, "b": 17, "c": 0, "d": 0}
    assert [interface.is_exposed for interface in model.interfaces()] == [True, False, True]


def test_an_index_list_of_lines_says_indexes_and_exposure() -> None:
    idl = "module m { interface A { int a(); }; interface B { int b(); }; interface C { int c(); }; }"
    model = compiled(idl, "\ufeff# comment, not = 3\n\n m.A = 7 , false\r\nm.B=8,0\nm.C = 9, true\n").model
    assert model is not None

    assert [(each.index, each.is_exposed) for each in model.interfaces()] == [(7, False), (8, False), (9, True)]


@pytest.mark.parametrize(
    ("listed", "line"),
    [
        ("m.A 7", "list:1:1: error: a line reads module.Interface = INDEX or module.Interface = INDEX,EXPOSE"),
        ("\nm.A = x", "list:2:1: error: an index is a decimal number, 'x' is none"),
        ("m.A = 65536", "list:1:1: error: interface 'm.A' has index 65536; an index is between 0 and 65535"),
        (
            "m.Ab = 7",
            "list:1:1: warning: the index list names 'm.Ab', which the IDL does not declare (did you mean 'm.A'?)",
        ),
        ("<interfaces>\n<if index='7'/></interfaces>", "list:2:1: error: <if> has no name"),
        ("<interfaces><if name='m.A'>", "list:1:28: error: no well-formed XML: no element found"),
        (
            "<i><if name='m.A'>\n<f name='g' index='7'/></if></i>",
            "list:2:1: warning: the index list names 'm.A.g', which the IDL does not declare (did you mean 'm.A.f'?)",
        ),
    ],
)
def test_what_is_wrong_with_an_index_list_is_said_with_its_place(listed: str, line: str) -> None:
    assert [str(problem) for problem in compiled("module m { interface A { int f(); }; }", listed).problems] == [line]


def test_an_index_list_that_cannot_be_read_is_a_mistake() -> None:
    read, _ = read_from({"a.idl": "module m {}"})
    result = compile_files(["a.idl"], "no.txt", read)

    line = "no.txt:1:1: error: cannot read 'no.txt': No such file or directory"
    assert [str(problem) for problem in result.problems] == [line]


def test_servants_can_be_unwanted_in_single_languages() -> None:
    model = model_of(
        "module m { [skeleton_js=FALSE, skeleton_java=false, skeleton_cpp=true] interface A { int a(); }; }"
    )
    (interface,) = model.interfaces()

    assert interface.without_servant == {"js", "java"}
    assert [interface.has_servant(language) for language in ("js", "java", "cpp", "py")] == [False, False, True, True]


def test_a_qualified_name_reaches_every_module_in_any_order() -> None:
    model = model_of(
        "module a { struct S { b::T t; a::U u; }; struct U { int x; }; } module b { struct T { int x; }; }"
    )
    struct, other = model.modules[0].types()

    assert [member.type.full_name for member in struct.members] == ["b.T", "a.U"]
    assert struct.members[1].type is other
    assert model.modules[0].imports() == ("b",)
    assert model.modules[1].imports() == ()


def test_an_operation_may_name_what_is_declared_later() -> None:
    model = model_of("module m { interface I { S f(L l); void g(); }; struct S { int x; }; sequence<S> L; }")
    first, second = model.interfaces()[0].operations

    assert first.result is not None
    assert first.result.full_name == "m.S"
    assert first.params[0].type.element is first.result
    assert (second.result, second.is_void) == (None, True)


def test_bases_are_found_from_the_nearest_on() -> None:
    model = model_of(
        "module m { interface A { int a(); }; interface B extends A { int b(); }; "
        "interface C extends m::B { int c(); }; }"
    )

    assert [base.name for base in model.interfaces()[2].bases()] == ["B", "A"]


def test_comments_of_annotations_are_kept() -> None:
    model = model_of('module m { [comment="all"] interface A { [comment="one"] int a(); int b(); }; }')
    (interface,) = model.interfaces()

    assert [interface.comment, *(operation.comment for operation in interface.operations)] == ["all", "one", ""]


def test_sequences_of_bytes_are_known() -> None:
    model = model_of("module m { sequence<byte> B; sequence<short> S; dictionary<int, B> D; }")
    whole, numbers, dictionary = model.modules[0].types()

    assert (whole.is_bytes, numbers.is_bytes) == (True, False)
    assert (dictionary.key, dictionary.value) == (Builtin.INT, whole)


def read_from(texts: dict[str, str]) -> tuple[Callable[[str], bytes], list[str]]:
    opened = []

    def read(path: str) -> bytes:
        opened.append(path)
        if path not in texts:
            raise FileNotFoundError(2, "No such file or directory")
        return texts[path].encode()

    return read, opened


def test_an_import_is_looked_for_beside_the_main_file_and_read_once() -> None:
    read, opened = read_from(
        {
            "dir/a.idl": "import b import c module a { struct S { b::T t; c::U u; }; }",
            "dir/b.idl": "import c import a module b { struct T { int x; }; }",
            "dir/c.idl": "import b module c { struct U { int x; }; }",
        }
    )
    result = compile_files(["dir/a.idl", "dir/../dir/b.idl"], read=read)

    assert result.problems == ()
    assert opened == ["dir/a.idl", "dir/b.idl", "dir/c.idl"]


def test_what_is_imported_stands_where_its_import_stands() -> None:
    read, _ = read_from(
        {
            "a.idl": "module m { interface A { int f(); }; } import b module m { interface C { int f(); }; }",
            "b.idl": "module m { interface B { int f(); }; }",
        }
    )
    model = compile_files(["a.idl"], read=read).model
    assert model is not None

    assert indexes(model) == {"m.A": 0, "m.B": 1, "m.C": 2}


def test_a_file_that_is_missing_is_reported_beside_the_syntax_of_the_others(tmp_path: Path) -> None:
    (tmp_path / "geometry.idl").write_text("module g {}")
    (tmp_path / "a.idl").write_text("import geometri\nmodule m { struct { int x; }; }")
    result = compile_files([str(tmp_path / "a.idl"), str(tmp_path / "unheard-of.idl")])

    lines = [str(problem).replace(f"{tmp_path}/", "") for problem in result.problems]
    assert lines == [
        "a.idl:1:8: error: cannot read 'geometri.idl': No such file or directory (did you mean 'geometry.idl'?)",
        "a.idl:2:19: error: expected a name, found '{'",
        "unheard-of.idl:1:1: error: cannot read 'unheard-of.idl': No such file or directory",
    ]


def test_comments_may_be_in_any_encoding() -> None:
    read = {"a.idl": "// 注释\nmodule m { struct S { int x; }; }".encode("gbk")}.__getitem__

    assert compile_files(["a.idl"], read=read).problems == ()
