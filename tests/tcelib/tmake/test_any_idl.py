"""Any text is compiled or refused with places; any model becomes Python that reads what it writes."""

import builtins
import contextlib
import importlib
import keyword
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from tcelib.tmake.model import Builtin, Dictionary, Interface, Model, Sequence, Struct
from tcelib.tmake.python_check import problems_in_python
from tcelib.tmake.python_name import LOCALS, class_name, file_name, member_names, method_name
from tcelib.wire.codec import MALFORMED
from tests.tcelib.tmake.python_case import compiled, imported, texts_of

WORDS = (
    *("import", "module", "interface", "extends", "struct", "sequence", "dictionary", "exception", "void", "int"),
    *(
        "string",
        "byte",
        "a",
        "b",
        "B",
        "S",
        "index",
        "comment",
        "skeleton_js",
        "=",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        "<",
    ),
    *(">", ";", ",", "::", ":", "7", "65536", "0x1", '"text"', '"', "//", "#", "\n", "\r\n", "\ufeff", "\x00", "é"),
)


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)))
def test_any_text_is_compiled_or_refused(text: str) -> None:
    result = compiled(text, a=text, b="module b { struct S { int x; }; }")

    assert (result.model is None) == any(problem.is_mistake for problem in result.problems)
    assert all(problem.place.line >= 1 and problem.place.column >= 1 for problem in result.problems)
    assert all("\n" not in str(problem) for problem in result.problems)


LIST_WORDS = ("<if", "name='m.I'", "index='3'", "/>", "<i>", "</i>", "<f", "m.I", "=", "5", ",false", "\n")


@given(st.one_of(st.text(), st.text().map("<{}".format), st.lists(st.sampled_from(LIST_WORDS)).map(" ".join)))
def test_any_index_list_is_read_or_refused(text: str) -> None:
    result = compiled("module m { interface I { int f(); }; }", text)

    assert (result.model is None) == any(problem.is_mistake for problem in result.problems)


NAMES = st.one_of(
    st.sampled_from(sorted({*keyword.kwlist, *dir(builtins)} - {"import"})),
    st.sampled_from(sorted({*LOCALS, "timeout", "extra", "callback"})),
    st.sampled_from(
        ["tce", "annotations", "Self", "TypeAlias", "__x", "_", "__", "_read_a", "a", "b", "c", "ab", "a_b"]
    ),
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True),
).filter(lambda name: name not in {"import", "module", "interface", "extends", "struct", "sequence", "dictionary"})
RESERVED = {"void", "exception", *Builtin}


@st.composite
def idls(draw: st.DrawFn) -> str:
    """The text of two modules, of which each may use the other."""
    modules = {"m": "", "n": ""}
    known: dict[str, list[str]] = {"m": [], "n": []}
    for _ in range(draw(st.integers(1, 6))):
        module = draw(st.sampled_from(["m", "n"]))
        other = "n" if module == "m" else "m"
        types = [*Builtin, *known[module], *(f"{other}::{name}" for name in known[other])]
        name = draw(NAMES.filter(lambda name, taken=known[module]: name not in RESERVED and name not in taken))
        one = st.sampled_from(types)
        kind = draw(st.sampled_from(["struct", "sequence", "dictionary"]))
        if kind == "struct":
            members = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
            body = "".join(f"{draw(one)} {member};" for member in members)
            modules[module] += f"struct {name} {{ {body} }};"
        elif kind == "sequence":
            modules[module] += f"sequence<{draw(one)}> {name};"
        else:
            modules[module] += f"dictionary<{draw(st.sampled_from(list(Builtin)))}, {draw(one)}> {name};"
        known[module].append(name)
    for module, other in (("m", "n"), ("n", "m")):
        types = [*Builtin, *known[module], *(f"{other}::{name}" for name in known[other])]
        name = draw(NAMES.filter(lambda name, taken=known[module]: name not in RESERVED and name not in taken))
        operations = ""
        for operation in draw(st.lists(NAMES, min_size=1, max_size=3, unique=True)):
            params = draw(
                st.lists(st.tuples(st.sampled_from(types), NAMES), max_size=4, unique_by=lambda each: each[1])
            )
            result = draw(st.sampled_from([*types, "void"]))
            operations += f"{result} {operation}({', '.join(f'{type_} {name}' for type_, name in params)});"
        modules[module] += f"interface {name} {{ {operations} }};"
    return "\n".join(f"module {name} {{ {text} }}" for name, text in modules.items())


CODES = {"byte": "B", "bool": "?", "short": "h", "int": "i", "long": "q", "float": "f", "double": "d"}
BOUNDS = {Builtin.BYTE: (0, 255), **{kind: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for kind, bits in
          ((Builtin.SHORT, 16), (Builtin.INT, 32), (Builtin.LONG, 64))}}  # fmt: skip


def values_of(type_: Any, python: dict[str, Any]) -> st.SearchStrategy[Any]:  # noqa: PLR0911 (one for each kind of type)
    """Values for the type, of the classes in the modules ``python``."""
    match type_:
        case Builtin.BOOL:
            return st.booleans()
        case Builtin.FLOAT | Builtin.DOUBLE:
            return st.floats(width=32 if type_ is Builtin.FLOAT else 64, allow_nan=False)
        case Builtin.STRING:
            return st.text(max_size=5)
        case Builtin():
            return st.integers(*BOUNDS[type_])
        case Struct():
            class_ = getattr(python[type_.module], class_name(type_))
            return st.builds(class_, *(values_of(member.type, python) for member in type_.members))
        case Sequence(is_bytes=True):
            return st.binary(max_size=5)
        case Sequence():
            return st.lists(values_of(type_.element, python), max_size=3)
        case Dictionary():
            return st.dictionaries(values_of(type_.key, python), values_of(type_.value, python), max_size=3)
    raise TypeError(type_)


def written(type_: Any, value: Any) -> bytes:
    """The bytes of a value, by the protocol's section 3 and nothing else."""
    match type_:
        case Builtin.STRING:
            return struct.pack(">I", len(value.encode())) + value.encode()
        case Builtin():
            return struct.pack(f">{CODES[type_]}", value)
        case Struct():
            members = zip(member_names(type_), type_.members, strict=True)
            return b"".join(written(member.type, getattr(value, name)) for name, member in members)
        case Sequence():
            return struct.pack(">I", len(value)) + b"".join(written(type_.element, item) for item in value)
        case Dictionary():
            pairs = (written(type_.key, key) + written(type_.value, item) for key, item in value.items())
            return struct.pack(">I", len(value)) + b"".join(pairs)
    raise TypeError(type_)


def model_of(idl: str) -> Model | None:
    """The model, unless Python has two things of one name in it."""
    result = compiled(idl)
    assert result.model is not None, [str(problem) for problem in result.problems]
    return None if problems_in_python(result.model) else result.model


@settings(max_examples=60)
@given(idls(), st.data())
def test_any_model_becomes_python_that_reads_what_it_writes(idl: str, data: DataObject) -> None:
    model = model_of(idl)
    if model is None:
        return
    with imported(texts_of(model)):
        python = {module.name: importlib.import_module(file_name(module.name)) for module in model.modules}
        for interface in model.interfaces():
            check_interface(interface, python, data)


def check_interface(interface: Interface, python: dict[str, Any], data: st.DataObject) -> None:
    class_ = getattr(python[interface.module], class_name(interface))
    proxy = getattr(python[interface.module], f"{class_name(interface)}Prx")
    for operation, declared in zip(class_.INTERFACE.operations, interface.operations, strict=True):
        assert operation.method == method_name(declared)
        assert callable(getattr(proxy, operation.method))
        types = [param.type for param in declared.params]
        values = tuple(data.draw(values_of(type_, python)) for type_ in types)
        stream = operation.write_params(*values)
        assert stream == b"".join(map(written, types, values))
        assert operation.read_params(stream) == values
        refuses(operation.read_params, stream, data)
        default = getattr(class_(), operation.method)(*values, ctx=None)
        assert operation.read_result(operation.write_result(default)) == default
        if declared.result is not None:
            result = data.draw(values_of(declared.result, python))
            stream = operation.write_result(result)
            assert (stream, operation.read_result(stream)) == (written(declared.result, result), result)
            refuses(operation.read_result, stream, data)


def refuses(read: Any, stream: bytes, data: st.DataObject) -> None:
    """A stream that is cut or goes on is refused; one that is anything else is read or refused."""
    with pytest.raises(MALFORMED):
        read(stream + b"\0")
    if stream:
        with pytest.raises(MALFORMED):
            read(stream[: data.draw(st.integers(0, len(stream) - 1))])
    with contextlib.suppress(*MALFORMED):
        read(data.draw(st.binary(max_size=40)))
