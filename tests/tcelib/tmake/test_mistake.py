"""Every cause of a mistake or a warning: the line that says it, and its place."""

import pytest

from tcelib.tmake.syntax import error
from tcelib.tmake.syntax.error import Cause
from tests.tcelib.tmake.python_case import compiled

F = "int f();"
CASES = [
    (error.FILE_NOT_READABLE, "import b module m {}", "1:8: error: cannot read 'b.idl': No such file or directory"),
    (error.UNEXPECTED, "module m { struct S { int x }; }", "1:29: error: expected ';', found '}'"),
    (
        error.DUPLICATE_NAME,
        "module m { struct S { int x; }; }\nmodule m { sequence<int> S; }",
        "2:26: error: name 'S' is declared twice, first at a.idl:1:19",
    ),
    (
        error.DUPLICATE_NAME,
        "module m { struct S { int x;\nint x; }; }",
        "2:5: error: member 'x' is declared twice, first at a.idl:1:27",
    ),
    (
        error.DUPLICATE_NAME,
        "module m { interface I { int f(); int f(); }; }",
        "1:39: error: operation 'f' is declared twice, first at a.idl:1:30",
    ),
    (
        error.DUPLICATE_NAME,
        "module m { interface I { int f(int a, int a); }; }",
        "1:43: error: parameter 'a' is declared twice, first at a.idl:1:36",
    ),
    (
        error.RESERVED_NAME,
        "module m { struct exception { int x; }; }",
        "1:19: error: 'exception' is a word of the IDL and cannot name a declaration",
    ),
    (
        error.UNKNOWN_TYPE,
        "module m { struct Point { int x; };\n struct S { Piont p; }; }",
        "2:13: error: unknown type 'Piont' (did you mean 'Point'?)",
    ),
    (
        error.UNKNOWN_TYPE,
        "module m { struct S { strng s; }; }",
        "1:23: error: unknown type 'strng' (did you mean 'string'?)",
    ),
    (
        error.UNKNOWN_TYPE,
        "module n { struct T { int x; }; } module m { struct S { T t; }; }",
        "1:57: error: unknown type 'T' (did you mean 'n::T'?)",
    ),
    (
        error.UNKNOWN_TYPE,
        "module n { struct Tree { int x; }; } module m { struct S { n :: Tee t; }; }",
        "1:60: error: unknown type 'n::Tee' (did you mean 'n::Tree'?)",
    ),
    (
        error.UNKNOWN_MODULE,
        "module geometry {} module m { struct S { geomety::T t; }; }",
        "1:42: error: unknown module 'geomety' (did you mean 'geometry'?)",
    ),
    (
        error.UNKNOWN_MODULE,
        "module m { struct S { far::T t; }; }",
        "1:23: error: unknown module 'far'; is its file imported?",
    ),
    (
        error.DECLARED_LATER,
        "module m { struct S { T t; }; struct T { int x; }; }",
        "1:23: error: 'T' is declared only later, at a.idl:1:38; write m::T",
    ),
    (
        error.NOT_A_TYPE,
        "module m { interface I { int f(); }; sequence<I> L; }",
        "1:47: error: 'I' is an interface; only structs, sequences, dictionaries and builtin types can be values",
    ),
    (
        error.NOT_AN_INTERFACE,
        "module m { struct S { int x; }; interface I extends S { int f(); }; }",
        "1:53: error: 'S' is no interface and cannot be extended",
    ),
    (
        error.NOT_AN_INTERFACE,
        "module m { interface I extends int { int f(); }; }",
        "1:32: error: 'int' is no interface and cannot be extended",
    ),
    (
        error.VOID_VALUE,
        "module m { interface I { int f(void v); }; }",
        "1:32: error: 'void' is only for the result of an operation",
    ),
    (
        error.BAD_DICTIONARY_KEY,
        "module m { struct S { int x; }; dictionary<S, int> D; }",
        "1:44: error: the key of a dictionary is a builtin type, 'S' is none",
    ),
    (error.EMPTY_BODY, "module m { struct S {}; }", "1:19: error: struct 'S' needs at least one member"),
    (error.EMPTY_BODY, "module m { interface I {;}; }", "1:22: error: interface 'I' needs at least one operation"),
    (
        error.RECURSIVE_TYPE,
        "module m { struct S { S s; }; }",
        "1:19: error: 'm.S' contains itself: m.S -> m.S; values are sent whole: in 'm.S' put an id, such as an int, "
        "in the place of 'm.S'",
    ),
    (
        error.RECURSIVE_TYPE,
        "module m { struct A { B b; }; struct B { A a; }; }",
        "1:19: error: 'm.A' contains itself: m.A -> m.B -> m.A; values are sent whole: in 'm.B' put an id, such as "
        "an int, in the place of 'm.A'",
    ),
    (
        error.CIRCULAR_INHERITANCE,
        "module m { interface A extends B { int f(); }; interface B extends A { int g(); }; }",
        "1:22: error: 'm.A' extends itself: m.A -> m.B -> m.A",
    ),
    (
        error.RECURSIVE_TYPE,
        "module m { sequence<n::T> L; } module n { struct T { m::L l; }; }",
        "1:27: error: 'm.L' contains itself: m.L -> n.T -> m.L; values are sent whole: in 'n.T' put an id, such as "
        "an int, in the place of 'm.L'",
    ),
    (
        error.NESTED_TOO_DEEPLY,
        f"module m {{ struct S0 {{ int x; }}; {' '.join(f'struct S{n} {{ S{n - 1} s; }};' for n in range(1, 65))} }}",
        "1:1471: error: 'S64' nests types deeper than 64 levels",
    ),
    (
        error.CIRCULAR_INHERITANCE,
        "module m { interface A extends m::B { int f(); }; interface B extends A { int g(); }; }",
        "1:22: error: 'm.A' extends itself: m.A -> m.B -> m.A",
    ),
    (
        error.CIRCULAR_MODULES,
        "module m { interface A extends n::B { int f(); }; interface C { int g(); }; }\n"
        "module n { [index=7] interface B { int h(); }; [index=9] interface D extends m::C { int i(); }; }",
        "1:22: error: modules extend each other's interfaces in a circle: m -> n -> m",
    ),
    (
        error.REDEFINED_OPERATION,
        "module m { interface A { int f(); }; interface B extends A { int g(); }; "
        "interface C extends B { int f(); }; }",
        "1:102: error: operation 'f' is inherited from 'm.A' (at a.idl:1:30) and cannot be declared again",
    ),
    (
        error.BAD_INDEX,
        "module m { [index=0x1F] interface I { int f(); }; }",
        "1:19: error: an index is a decimal number, '0x1F' is none",
    ),
    (
        error.BAD_INDEX,
        "module m { interface I { [index=12L] int f(); }; }",
        "1:33: error: an index is a decimal number, '12L' is none",
    ),
    (
        error.INDEX_OUT_OF_RANGE,
        'module m { [index="70000"] interface I { int f(); }; }',
        "1:19: error: interface 'I' has index 70000; an index is between 0 and 65535",
    ),
    (
        error.INDEX_OUT_OF_RANGE,
        "module m { interface I { [index=65536] int f(); }; }",
        "1:33: error: operation 'f' has index 65536; an index is between 0 and 65535",
    ),
    (
        error.DUPLICATE_INDEX,
        "module m { interface I { [index=1] int f(); int g(); }; }",
        "1:49: error: operation 'g' has index 1, which 'f' has already",
    ),
    (
        error.DUPLICATE_ANNOTATION,
        "module m { [index=1, index=2] interface I { int f(); }; }",
        "1:22: error: annotation 'index' is given twice",
    ),
    (
        error.UNKNOWN_ANNOTATION,
        "module m { [idnex=1] interface I { int f(); }; }",
        "1:13: warning: annotation 'idnex' means nothing here (did you mean 'index'?)",
    ),
    (
        error.UNKNOWN_ANNOTATION,
        "module m { interface I { [skeleton_js=false] int f(); }; }",
        "1:27: warning: annotation 'skeleton_js' means nothing here",
    ),
    (
        error.INDEX_COLLISION,
        "module m { interface I { int f(); }; } module n { interface J { int f(); }; }",
        "1:61: warning: interface 'n.J' has index 0, as 'm.I' has: "
        "one server cannot serve both; give one of them [index=...]",
    ),
    (
        error.INDEX_TOO_HIGH,
        "module m { [index=32768, skeleton_cpp=false] interface I { int f(); }; }",
        "1:56: warning: interface 'I' has index 32768; Java and C# carry no more than 32767",
    ),
    (
        error.INDEX_TOO_HIGH,
        "module m { [index=256] interface I { int f(); }; [index=255] interface J { int f(); }; }",
        "1:34: warning: interface 'I' has index 256; C++ servants (unless skeleton_cpp=false) carry no more than 255",
    ),
    (
        error.INDEX_TOO_HIGH,
        "module m { interface I { [index=128] int f(); }; }",
        "1:42: warning: operation 'f' has index 128; C++ clients carry no more than 127",
    ),
]


@pytest.mark.parametrize(("cause", "idl", "line"), CASES, ids=[case[2] for case in CASES])
def test_a_problem_has_a_cause_a_place_and_a_sentence(cause: Cause, idl: str, line: str) -> None:
    result = compiled(idl)

    assert [str(problem) for problem in result.problems] == [f"a.idl:{line}"]
    assert [problem.cause for problem in result.problems] == [cause]
    assert (result.model is None) == (cause.severity is error.Severity.ERROR)


def test_every_cause_has_a_case() -> None:
    elsewhere = {error.NAME_CLASH, error.BAD_INDEX_LIST, error.UNKNOWN_IN_INDEX_LIST}
    causes = {cause for cause in vars(error).values() if isinstance(cause, error.Cause)}
    assert causes - elsewhere == {cause for cause, _, _ in CASES}


def test_one_run_reports_everything_in_the_order_of_the_text() -> None:
    result = compiled("module m {\n struct S { T t; };\n interface I { U f(V v); };\n struct E {};\n}")

    assert [problem.place.line for problem in result.problems] == [2, 3, 3, 4]


def test_what_depends_on_a_mistake_is_not_reported_again() -> None:
    result = compiled("module m { struct S { T t; }; sequence<S> L; struct U { L l; }; interface I { U f(S s); }; }")

    assert len(result.problems) == 1


def test_the_limit_of_nesting_can_be_reached() -> None:
    structs = " ".join(f"struct S{n} {{ S{n - 1} s; }};" for n in range(1, 64))

    assert compiled(f"module m {{ struct S0 {{ int x; }}; {structs} }}").problems == ()


def test_the_highest_indexes_are_fine() -> None:
    idl = "module m { [index=65535] interface I { [index=65535] int f(); }; }"

    assert {problem.cause for problem in compiled(idl).problems} == {error.INDEX_TOO_HIGH}
