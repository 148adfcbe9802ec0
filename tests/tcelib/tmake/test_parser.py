"""Syntax: what is read, what is passed over, and how reading goes on behind an error."""

import pytest

from tcelib.tmake.syntax.parser import parse
from tcelib.tmake.syntax.tree import Import, Module


def errors(text: str) -> list[str]:
    return [str(problem).removeprefix("a.idl:") for problem in parse(text, "a.idl")[1]]


def elements(text: str) -> list[str]:
    file, problems = parse(text, "a.idl")
    assert not problems, [str(problem) for problem in problems]
    return [element.name.text for part in file.parts if isinstance(part, Module) for element in part.elements]


@pytest.mark.parametrize("text", ["", "\n", "// only a comment", "# only a comment", "module m {}", ";;", "\ufeff"])
def test_there_need_not_be_much(text: str) -> None:
    assert elements(text) == []


def test_comments_begin_with_slashes_or_a_hash_and_end_with_the_line() -> None:
    assert elements("module m { // struct A { int x; };\n# it's \"open\n struct B { int x; //\n }; } # end") == ["B"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_counts_as_one_line(line_end: str) -> None:
    text = line_end.join(["\ufeff// head", "module m {", "  struct S { nothing };", "}"])

    assert errors(text) == ["3:22: error: expected a name, found '}'"]


def test_identifiers_may_begin_with_a_keyword() -> None:
    names = ["structure", "interfaces", "importance", "module_id", "sequence_no", "extends_", "dictionary2", "voids"]
    members = "".join(f"int {name};" for name in names)

    assert elements(f"module imports {{ struct structures {{ {members} }}; }}") == ["structures"]


def test_builtin_types_are_no_keywords() -> None:
    assert elements("module string { struct S { int int; string string; }; }") == ["S"]


def test_doubled_semicolons_are_passed_over() -> None:
    assert elements("module m { ; struct S {; int x;; };; interface I { ;int f();;; }; }; module n {};") == ["S", "I"]


def test_spaces_may_surround_the_colons() -> None:
    file, _ = parse("module m { sequence< a : : B > L; }", "a.idl")
    (module,) = file.parts

    assert str(module.elements[0].element) == "a::B"


def test_imports_stand_anywhere_between_modules() -> None:
    file, _ = parse("import a module m {} import b\nimport c; module n {}", "a.idl")

    assert [type(part) for part in file.parts] == [Import, Module, Import, Import, Module]


def test_annotations_are_read_with_their_values() -> None:
    text = 'module m { [index="4", comment="a // b # c", skeleton_js=False] interface I { [index=3] int f(); }; }'
    file, _ = parse(text, "a.idl")
    interface = file.parts[0].elements[0]

    assert [(each.key.text, each.value) for each in interface.annotations] == [
        ("index", "4"),
        ("comment", "a // b # c"),
        ("skeleton_js", "False"),
    ]
    assert [(each.key.text, each.value) for each in interface.operations[0].annotations] == [("index", "3")]


IN_MODULE = "'dictionary', 'interface', 'sequence', 'struct', '[' or '}'"
IN_FILE = "the end of the file, 'import' or 'module'"
A_VALUE = "a name, a number or a text in quotes"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("struct S { int x; };", f"1:1: error: expected {IN_FILE}, found the keyword 'struct'"),
        ("module { }", "1:8: error: expected a name, found '{'"),
        ("module module { }", "1:8: error: expected a name, found the keyword 'module'"),
        ("module m {", f"1:11: error: expected {IN_MODULE}, found the end of the file"),
        ("import 'x'", '1:8: error: expected a name, found the character "\'"'),
        ("module m { struct S { int x; } }", "1:32: error: expected ';', found '}'"),
        (
            "module m { struct S { sequence<int> x; }; }",
            "1:23: error: expected a type or '}', found the keyword 'sequence'",
        ),
        ("module m { sequence<int L; }", "1:25: error: expected '>', found 'L'"),
        ("module m { interface I { int f(int); }; }", "1:35: error: expected a name, found ')'"),
        ("module m { interface I { int f(int a,); }; }", "1:38: error: expected a type, found ')'"),
        ("module m { interface I { f(); }; }", "1:27: error: expected a name, found '('"),
        ("module m { [] interface I { int f(); }; }", "1:13: error: expected a name, found ']'"),
        (
            "module m { [index=-1] interface I { int f(); }; }",
            f"1:19: error: expected {A_VALUE}, found the character '-'",
        ),
        (
            "module m { [index=1] struct S { int x; }; }",
            "1:22: error: expected 'interface', found the keyword 'struct'",
        ),
        (
            'module m { [comment="open] interface I { int f(); }; }',
            f"1:21: error: expected {A_VALUE}, found a text that is not closed on its line",
        ),
        ("module m { struct S { a::b::c x; }; }", "1:27: error: expected a name, found ':'"),
        ("module m { /* no */ }", f"1:12: error: expected {IN_MODULE}, found the character '/'"),
        ("module m { module n {} }", f"1:12: error: expected {IN_MODULE}, found the keyword 'module'"),
    ],
)
def test_an_error_says_what_was_expected(text: str, line: str) -> None:
    assert errors(text)[0] == line


def test_reading_goes_on_behind_the_statement_that_is_wrong() -> None:
    text = """module m {
      struct S { int; string good; int also bad; };
      sequence<int> ;
      interface I extends { int f(); int g(); };
      interface J { int f(; void good(); int h) ; };
    }
    module n { dictionary<int> D; }"""

    assert [line.partition(": ")[0] for line in errors(text)] == [
        "2:21",
        "2:45",
        "3:21",
        "4:27",
        "5:27",
        "5:47",
        "7:30",
    ]


def test_a_brace_that_is_missing_is_one_error() -> None:
    assert len(errors("module m { struct S { int x; module n { struct T { int y; }; }")) <= 2


def test_a_brace_too_many_does_not_hide_what_follows() -> None:
    assert errors("module m { } }\nmodule n { struct S { int }; }") == [
        "1:14: error: expected the end of the file, 'import' or 'module', found '}'",
        "2:27: error: expected a name, found '}'",
    ]
