"""Declarations that are right in the IDL and cannot be said in Python."""

import pytest

from tcelib.tmake.python_check import problems_in_python
from tests.tcelib.tmake.python_case import model_of


@pytest.mark.parametrize(
    ("idl", "line"),
    [
        (
            "module m { interface I { int f(); }; struct IPrx { int x; }; }",
            "1:45: error: in Python both the proxy of 'I' and 'IPrx' are called 'IPrx'",
        ),
        (
            "module m { struct class { int x; }; struct class_ { int x; }; }",
            "1:44: error: in Python both 'class' and 'class_' are called 'class_'",
        ),
        (
            "module m { interface I { int f(); void f_async(); }; }",
            "1:40: error: in Python both the asynchronous 'f' and operation 'f_async' are called 'f_async'",
        ),
        (
            "module m { interface I { void f(); }; interface J extends I { int f_oneway(); }; }",
            "1:67: error: in Python both the one-way 'f' and operation 'f_oneway' are called 'f_oneway'",
        ),
        (
            "module class { struct S { int x; }; } module class_ {}",
            "1:46: error: in Python both module 'class' and module 'class_' are called 'class_'",
        ),
    ],
)
def test_two_things_of_one_name_are_a_mistake(idl: str, line: str) -> None:
    assert [str(mistake) for mistake in problems_in_python(model_of(idl))] == [f"a.idl:{line}"]


def test_a_base_with_a_base_in_one_circle_of_modules_is_a_mistake() -> None:
    idl = """module a { struct S { c::T t; }; interface A { int f(); }; }
    module b { [index=1] interface B extends a::A { int g(); }; }
    module c { struct T { int x; }; [index=2] interface C extends b::B { int h(); }; }"""
    (mistake,) = problems_in_python(model_of(idl))

    assert str(mistake) == (
        "a.idl:3:57: error: in Python 'c.C' cannot extend what is in module 'b': it needs 'a' in turn, "
        "which needs 'c'; move what 'a' needs of 'c' to a module that needs none of them"
    )


def test_a_base_in_a_circle_of_modules_is_fine() -> None:
    idl = """module a { struct S { b::T t; }; interface A { int f(); }; }
    module b { struct T { int x; }; [index=1] interface B extends a::A { int g(); }; }"""

    assert problems_in_python(model_of(idl)) == ()
