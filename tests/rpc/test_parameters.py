"""JSON to parameters and back, with the code that tce2py generates as the judge."""

import importlib
import json
import struct
from typing import Any

import msgspec
import pytest

from rtserver.base.wire import json as wire_json
from rtserver.rpc.misfit import Misfit
from rtserver.rpc.operation import RpcOperation
from tcelib.core.operation import Operation
from tcelib.error import DecodeError
from tcelib.tmake.compiler import compile_files
from tests.fork_server import REPOSITORY
from tests.tcelib.tmake.python_case import imported, texts_of

MODEL = compile_files([str(REPOSITORY / "tests/tcelib/idl/everything.idl")]).model
assert MODEL is not None
with imported(texts_of(MODEL)):
    everything: Any = importlib.import_module("everything")
    shapes: Any = importlib.import_module("shapes")
Line, Point = shapes.Line, shapes.Point


def compiled() -> dict[str, RpcOperation]:
    """The operations of everything.idl by Interface.operation."""
    assert MODEL is not None
    return {
        f"{interface.name}.{operation.name}": RpcOperation(f"x.{operation.name}", interface, operation)
        for interface in MODEL.interfaces()
        for operation in interface.operations
    }


OPERATIONS = compiled()
BUILTINS = {"b": 255, "o": True, "h": -32768, "i": 2**31 - 1, "q": 7, "f": 0.5, "d": 0.1, "s": "ä€😀\0"}
LINE = {"from": {"x": 1, "y": -2}, "to": {"x": 3, "y": 4}}
WIDE_NUMBERS = {
    f"{place}_of_many_members": number
    for number, place in enumerate(("first", "second", "third", "fourth", "fifth", "sixth", "seventh"))
}
WIDE = {**WIDE_NUMBERS, "text_between": "t", "strings_between": ["a", ""], "last_of_many_members": LINE}
EVERYTHING = {
    "line": LINE,
    "builtins": BUILTINS,
    "count": 3,
    "bytes": "AP8=",
    "after_bytes": 5,
    "strings": ["x", "y"],
    "point": {"x": 0, "y": 0},
    "nested": {"k": {"a": "b"}, "": {}},
    "points": [{"x": 1, "y": 1}],
}


def builtins() -> Any:
    return everything.Builtins(**BUILTINS)


def line() -> Any:
    return Line(Point(1, -2), Point(3, 4))


def wide() -> Any:
    return everything.Wide(**WIDE_NUMBERS, text_between="t", strings_between=["a", ""], last_of_many_members=line())


def whole() -> Any:
    return everything.Everything(
        line=line(),
        builtins=builtins(),
        count=3,
        bytes=b"\0\xff",
        after_bytes=5,
        strings=["x", "y"],
        point=Point(0, 0),
        nested={"k": {"a": "b"}, "": {}},
        points=[Point(1, 1)],
    )


def generated(name: str) -> Operation[Any]:
    interface, _, operation = name.partition(".")
    found: Operation[Any] = getattr(everything, f"_{interface}_{operation}")
    return found


DIGITS = "must be from -9223372036854775808 to 9223372036854775807, in decimal digits"
CASES: list[tuple[str, dict[str, object], tuple[object, ...]]] = [
    ("Base.is_fine", {}, ()),
    ("Base.add", {"a": 1, "b": -(2**31)}, (1, -(2**31))),
    (
        "Base.plain",
        {"b": 0, "o": False, "h": 32767, "q": "-9223372036854775808", "f": 1, "d": 1e300},
        (0, False, 32767, -(2**63), 1.0, 1e300),
    ),
    ("Derived.swap", {"left": EVERYTHING, "right": WIDE}, (whole(), wide())),
    ("Derived.nearest", {"points": [], "to": {"x": 1, "y": 2}}, ([], Point(1, 2))),
    ("MostDerived.raw", {"bytes": ""}, (b"",)),
    ("MostDerived.nest", {"nested": {"a": {}}, "other": {"€": ""}}, ({"a": {}}, {"€": ""})),
    ("list_of.lines", {"given": [LINE], "by_length": {"2.5": LINE}}, ([line()], {2.5: line()})),
]


@pytest.mark.parametrize(("name", "data", "args"), CASES)
def test_parameters_are_those_of_the_generated_code(
    name: str, data: dict[str, object], args: tuple[object, ...]
) -> None:
    decoded = msgspec.json.decode(json.dumps(data))
    assert OPERATIONS[name].write_params(decoded) == generated(name).write_params(*args)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Derived.swap", whole(), EVERYTHING),
        ("list_of.builtins", builtins(), BUILTINS),
        ("MostDerived.nest", {"a": {"b": "c"}}, {"a": {"b": "c"}}),
        ("list_of.bytes", b"\0\xff", "AP8="),
        ("Base.is_fine", True, True),
        ("Derived.echo", "ä😀", "ä😀"),
        ("list_of.float", 0.5, 0.5),
        ("Base.heartbeat", None, None),
    ],
)
def test_results_are_those_of_the_generated_code(name: str, value: object, expected: object) -> None:
    result = OPERATIONS[name].read_result(generated(name).write_result(value))
    assert result == expected
    assert json.loads(wire_json.encode_exact(result)) == expected


def misfit(name: str, data: object) -> str:
    with pytest.raises(Misfit) as caught:
        OPERATIONS[name].write_params(data)
    return str(caught.value)


def plain(**changed: object) -> dict[str, object]:
    return {"b": 1, "o": True, "h": 1, "q": 1, "f": 1.5, "d": 1.5, **changed}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"b": 256}, "data.b must be from 0 to 255"),
        ({"b": -1}, "data.b must be from 0 to 255"),
        ({"b": 1.0}, "data.b must be a whole number"),
        ({"b": True}, "data.b must be a whole number"),
        ({"b": "1"}, "data.b must be a whole number"),
        ({"o": 1}, "data.o must be true or false"),
        ({"o": None}, "data.o must be true or false"),
        ({"h": 32768}, "data.h must be from -32768 to 32767"),
        ({"q": 2**53}, "data.q is beyond 2^53, so it must be a text: JavaScript would have rounded the number"),
        ({"q": 2**63}, "data.q must be from -9223372036854775808 to 9223372036854775807"),
        (
            {"q": "9223372036854775808"},
            "data.q must be from -9223372036854775808 to 9223372036854775807, in decimal digits",
        ),
        ({"q": "1e3"}, "data.q must be from -9223372036854775808 to 9223372036854775807, in decimal digits"),
        ({"q": "٣"}, "data.q must be from -9223372036854775808 to 9223372036854775807, in decimal digits"),
        ({"f": 1e39}, "data.f is too large for a float"),
        ({"f": "1"}, "data.f must be a number"),
        ({"f": False}, "data.f must be a number"),
        ({"d": 2**53 + 1}, "data.d has more digits than a double keeps"),
        ({"d": 73786976294838210001}, "data.d has more digits than a double keeps"),
        ({"d": 10**400}, "data.d has more digits than a double keeps"),
        ({"d": None}, "data.d must be a number"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_path(changed: dict[str, object], problem: str) -> None:
    assert misfit("Base.plain", plain(**changed)) == problem


@pytest.mark.parametrize("number", [2**66, -73786976294838210000, 1764612345678901200, 10**20, 2**53 + 2])
def test_a_double_is_taken_as_javascript_writes_it(number: int) -> None:
    params = OPERATIONS["Base.plain"].write_params(plain(d=number))
    assert params == generated("Base.plain").write_params(1, True, 1, 1, 1.5, float(number))
    by_length = OPERATIONS["list_of.lines"].write_params({"given": [], "by_length": {str(number): LINE}})
    assert by_length == generated("list_of.lines").write_params([], {float(number): line()})


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("Base.add", None, "data must be an object"),
        ("Base.add", [1, 2], "data must be an object"),
        ("Base.add", {"a": 1}, "data.b is missing"),
        ("Base.add", {"a": 1, "b": 2, "c": 3}, "data has no field 'c'"),
        ("Base.add", {"a": 1, "b": 2, "x" * 100: 3}, f"data has no field '{'x' * 64}…'"),
        ("Base.is_fine", {"a": 1}, "data has no field 'a'"),
        ("Derived.nearest", {"points": {}, "to": {"x": 1, "y": 2}}, "data.points must be an array"),
        (
            "Derived.nearest",
            {"points": [{"x": 1, "y": 2}, {"x": 1, "y": "2"}], "to": {"x": 1, "y": 2}},
            "data.points[1].y must be a whole number",
        ),
        ("Derived.nearest", {"points": [{"x": 1}], "to": {"x": 1, "y": 2}}, "data.points[0].y is missing"),
        ("MostDerived.nest", {"nested": {"a": {"b": 1}}, "other": {}}, "data.nested['a']['b'] must be a text"),
        ("MostDerived.raw", {"bytes": "A"}, "data.bytes must be bytes as a text in base64"),
        ("MostDerived.raw", {"bytes": "ä"}, "data.bytes must be bytes as a text in base64"),
        ("MostDerived.raw", {"bytes": [1]}, "data.bytes must be bytes as a text in base64"),
        ("Derived.echo", {"text": 1}, "data.text must be a text"),
        ("Derived.echo", {"text": "\ud800"}, "data.text has half of a surrogate pair"),
        ("list_of.lines", {"given": [], "by_length": {"x": LINE}}, "data.by_length['x'] must be a number"),
        (
            "list_of.lines",
            {"given": [], "by_length": {"nan": LINE}},
            "data.by_length['nan'] is too large for a double",
        ),
        (
            "list_of.lines",
            {"given": [], "by_length": {"9007199254740993": LINE}},
            "data.by_length['9007199254740993'] has more digits than a double keeps",
        ),
        (
            "list_of.lines",
            {"given": [], "by_length": {"1": LINE, "1.0": LINE}},
            "data.by_length['1.0'] is a key twice",
        ),
    ],
)
def test_a_shape_that_does_not_fit_is_refused_with_its_path(name: str, data: object, problem: str) -> None:
    assert misfit(name, data) == problem


@pytest.mark.parametrize(
    ("number", "said"),
    [(2**53 - 1, 2**53 - 1), (-(2**53) + 1, -(2**53) + 1), (2**53, str(2**53)), (-(2**63), str(-(2**63)))],
)
def test_a_long_beyond_2_to_the_53_is_said_as_text(number: int, said: object) -> None:
    value = builtins()
    value.q = number
    result = OPERATIONS["list_of.builtins"].read_result(generated("list_of.builtins").write_result(value))
    assert result["q"] == said
    params = OPERATIONS["list_of.builtins"].write_params({"given": result})
    assert params == generated("list_of.builtins").write_params(value)


def test_a_number_that_json_cannot_say_is_no_result() -> None:
    result = OPERATIONS["list_of.float"].read_result(struct.pack(">f", float("nan")))
    with pytest.raises(wire_json.JsonError):
        wire_json.encode_exact(result)


def test_no_parameters_may_be_left_out_or_null() -> None:
    assert OPERATIONS["Base.is_fine"].write_params(None) == b""
    assert OPERATIONS["Base.is_fine"].write_params({}) == b""


@pytest.mark.parametrize("name", ["Derived.swap", "list_of.builtins", "MostDerived.nest", "list_of.bytes"])
def test_a_result_that_is_cut_or_too_long_is_refused(name: str) -> None:
    value = {"Derived.swap": whole(), "list_of.builtins": builtins(), "MostDerived.nest": {"a": {"b": "c"}}}
    raw = generated(name).write_result(value.get(name, b"xyz"))
    for end in range(len(raw)):
        with pytest.raises(DecodeError):
            OPERATIONS[name].read_result(raw[:end])
    with pytest.raises(DecodeError):
        OPERATIONS[name].read_result(raw + b"\0")


def test_a_count_without_its_elements_makes_nothing() -> None:
    with pytest.raises(DecodeError):
        OPERATIONS["MostDerived.nest"].read_result(struct.pack(">I", 0xFFFFFFFF))
