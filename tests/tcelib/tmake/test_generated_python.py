"""Generated classes, as their users see them."""

import importlib
import inspect
import types
from array import array
from collections import deque
from collections.abc import Collection

import pytest

import tcelib as tce
from tcelib.core.operation import Operation
from tcelib.core.promise import RpcPromise
from tcelib.wire.codec import UNSENDABLE
from tests.tcelib.peer import open_connection
from tests.tcelib.tmake.python_case import IDL, compiled, imported, model_of, python_of, texts_of

EVERYTHING = {name: (IDL / f"{name}.idl").read_text(encoding="utf-8") for name in ("everything", "shapes")}


@pytest.fixture(scope="module")
def everything() -> types.ModuleType:
    return python_of("import everything", "everything", **EVERYTHING)


class Recorder:
    """A connection that keeps what is called over it, and answers with what a fresh servant gives."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def call(
        self,
        operation: Operation,
        args: tuple[object, ...],
        timeout: float | None = None,
        extra: dict[str, str] | None = None,
        *,
        at_once: bool = False,
    ) -> RpcPromise[None]:
        self.calls.append((operation.ifidx, operation.opidx, args, timeout, extra))
        promise: RpcPromise[None] = RpcPromise()
        promise.set_result(None)
        return promise

    def send(self, operation: Operation, args: tuple[object, ...], extra: dict[str, str] | None = None) -> None:
        self.calls.append((operation.ifidx, operation.opidx, args, "one-way", extra))


def test_a_struct_has_its_members_as_attributes_and_keyword_arguments(everything: types.ModuleType) -> None:
    wide = everything.Wide(text_between="t", strings_between=["s"])

    assert (wide.first_of_many_members, wide.text_between, wide.strings_between) == (0, "t", ["s"])
    assert wide == everything.Wide(text_between="t", strings_between=["s"])
    assert wide != everything.Wide()
    assert repr(everything.One(3)) == "One(only=3)"
    with pytest.raises(AttributeError):
        wide.other = 1


def test_defaults_are_of_each_value_alone(everything: types.ModuleType) -> None:
    one, other = everything.Everything(), everything.Everything()
    one.strings.append("s")
    one.line.to.x = 1
    one.nested["k"] = {}

    assert other == everything.Everything()
    builtins = everything.Builtins()
    assert [getattr(builtins, name) for name in builtins.__slots__] == [0, False, 0, 0, 0, 0.0, 0.0, ""]


def test_names_that_python_needs_get_an_underscore(everything: types.ModuleType) -> None:
    struct = everything.class_

    assert struct.__slots__ == ("class_", "def_", "self_", "value", "data", "at", "end", "None_", "_private_")
    assert struct(None_=1, _private_=2).None_ == 1
    assert everything.str_(str="s", tce=1).str == "s"
    assert list(inspect.signature(everything.Derived.import_).parameters) == [
        *("self", "class_", "timeout_", "extra_", "ctx_", "callback_", "cookie_", "error_", "self_", "ctx")
    ]
    assert everything.list_of.INTERFACE.operations[8].name == "with"
    assert callable(everything.list_ofPrx.with_)
    assert callable(everything.list_ofPrx.conn_)


def test_what_a_servant_does_not_override_gives_the_value_that_its_type_begins_with(
    everything: types.ModuleType,
) -> None:
    servant = everything.list_of()

    assert servant.list(["x"], None) == []
    assert servant.bytes(None) == b""
    assert servant.builtins(everything.Builtins(b=1), None) == everything.Builtins()
    assert servant.object(None) is None
    assert servant.float(1.5, None) == 0.0


def test_a_servant_serves_the_interfaces_of_its_bases_too(everything: types.ModuleType) -> None:
    assert everything.MostDerived.__mro__[1:3] == (everything.Derived, everything.Base)
    assert [each.INTERFACE.ifidx for each in everything.MostDerived.__mro__[:3]] == [2, 1, 11]
    assert everything.MostDerived.INTERFACE.bases == (everything.Derived.INTERFACE,)
    assert [operation.name for operation in everything.MostDerived.INTERFACE.operations] == ["nest", "raw"]


def test_an_inherited_operation_is_called_by_the_index_of_its_base(everything: types.ModuleType) -> None:
    conn = Recorder()
    proxy = everything.MostDerivedPrx(conn)
    proxy.add(1, 2)
    proxy.echo("text", 6)
    proxy.raw(b"raw", extra={"k": "v"})
    proxy.heartbeat_oneway("hi")

    assert conn.calls == [
        (11, 40, (1, 2), None, None),
        (1, 0, ("text",), 6, None),
        (2, 1, (b"raw",), None, {"k": "v"}),
        (11, 0, ("hi",), "one-way", None),
    ]


def test_a_proxy_calls_back_with_itself_and_the_cookie(everything: types.ModuleType) -> None:
    told = []
    proxy = everything.DerivedPrx(Recorder())
    proxy.echo_async("text", lambda *args: told.append(args), "cookie", {"k": "v"})
    proxy.heartbeat_async("text", lambda *args: told.append(args), cookie=7)

    assert told == [(None, proxy, "cookie"), (proxy, 7)]


def test_only_void_operations_are_called_one_way(everything: types.ModuleType) -> None:
    assert hasattr(everything.BasePrx, "plain_oneway")
    assert not hasattr(everything.BasePrx, "add_oneway")


def test_a_servant_that_is_not_exposed_is_not_made() -> None:
    idl = "module m { interface A { int a(); }; interface B extends A { int b(); }; }"
    model = compiled(idl, "m.A = 5, false").model
    assert model is not None
    with imported(texts_of(model)):
        module = importlib.import_module("m")

    assert not hasattr(module, "A")
    assert issubclass(module.BPrx, module.APrx)
    assert module.B.__bases__ == (tce.Servant,)
    assert module.B.INTERFACE.bases[0].ifidx == 5


@pytest.mark.parametrize("first", ["a", "b"])
def test_modules_that_need_each_other_can_be_imported_in_any_order(first: str) -> None:
    texts = {
        "a": "import b module a { interface Base { b::T f(); }; struct S { int x; }; }",
        "b": "import a module b { struct T { a::S s; }; interface Derived extends a::Base { void g(T t); }; }",
    }
    with imported(texts_of(model_of(texts["a"], **texts))):
        importlib.import_module(first)
        a, b = importlib.import_module("a"), importlib.import_module("b")

    assert issubclass(b.Derived, a.Base)
    assert a.Base().f(None) == b.T(a.S(0))


def test_a_count_is_checked_before_anything_is_made(everything: types.ModuleType) -> None:
    most = b"\xff\xff\xff\xff"
    for operation in everything.list_of.INTERFACE.operations:
        if operation.name in ("list", "tce", "lines", "wide_by_name"):
            with pytest.raises(tce.DecodeError, match="bytes are needed at byte 4"):
                operation.read_params(most + b"\0" * 64)


def test_the_error_of_a_cut_stream_says_where_it_is_cut(everything: types.ModuleType) -> None:
    echo = everything.Derived.INTERFACE.operations[0]

    with pytest.raises(tce.DecodeError, match="5 bytes are needed at byte 4, 4 are there"):
        echo.read_params(b"\0\0\0\5abcd")
    with pytest.raises(tce.DecodeError, match="the values end at byte 9 of 10"):
        echo.read_params(b"\0\0\0\5abcdef")


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("add", (2**31, 0)),
        ("add", (1.5, 0)),
        ("add", (None, 0)),
        ("plain", (256, True, 0, 0, 0.0, 0.0)),
        ("plain", (-1, True, 0, 0, 0.0, 0.0)),
        ("plain", (0, True, 2**15, 0, 0.0, 0.0)),
        ("plain", (0, True, 0, 2**63, 0.0, 0.0)),
        ("plain", (0, True, 0, 0, 1e300, 0.0)),
        ("plain", (0, True, 0, 0, "1", 0.0)),
        ("heartbeat", (b"bytes",)),
        ("heartbeat", (None,)),
        ("heartbeat", ()),
        ("heartbeat", ("one", "too many")),
    ],
)
def test_a_value_that_does_not_fit_is_one_that_the_runtime_knows_how_to_refuse(
    everything: types.ModuleType, name: str, args: tuple[float | str | bool | bytes | None, ...]
) -> None:
    (operation,) = [each for each in everything.Base.INTERFACE.operations if each.name == name]
    with pytest.raises(UNSENDABLE):
        operation.write_params(*args)


@pytest.mark.parametrize(
    "value", ["abc", b"abc", {"a": 1}, {"a"}, {"a": 1}.keys(), (each for each in "abc"), 5, None]
)
def test_what_is_no_list_is_refused_before_anything_is_sent(everything: types.ModuleType, value: object) -> None:
    connection = open_connection()
    for call in (everything.list_ofPrx(connection).list, everything.list_ofPrx(connection).tce):
        with pytest.raises(tce.RpcException) as caught:
            call(value)
        assert caught.value.errcode == tce.RPCERROR_DATADIRTY
    assert connection.transport.writes == []


@pytest.mark.parametrize("value", [[1, 2], (1, 2), deque([1, 2]), range(1, 3), {"a": 1, "b": 2}.values()])
def test_whatever_has_its_elements_in_order_is_a_sequence(
    everything: types.ModuleType, value: Collection[int]
) -> None:
    (operation,) = [each for each in everything.list_of.INTERFACE.operations if each.name == "tce"]
    assert operation.read_params(operation.write_params(value)) == ([1, 2],)


@pytest.mark.parametrize("value", ["abc", [1, 2], array("i", [1, 2]), memoryview(array("i", [1, 2])), 5, None])
def test_what_is_no_bytes_is_refused_before_anything_is_sent(
    everything: types.ModuleType, value: str | list[int] | array | memoryview | int | None
) -> None:
    connection = open_connection()
    with pytest.raises(tce.RpcException) as caught:
        everything.MostDerivedPrx(connection).raw(value)
    assert caught.value.errcode == tce.RPCERROR_DATADIRTY
    assert connection.transport.writes == []


@pytest.mark.parametrize("value", [b"ab", bytearray(b"ab"), memoryview(b"ab")])
def test_all_kinds_of_bytes_are_bytes(everything: types.ModuleType, value: bytes | bytearray | memoryview) -> None:
    (operation,) = [each for each in everything.MostDerived.INTERFACE.operations if each.name == "raw"]
    assert operation.read_params(operation.write_params(value)) == (b"ab",)


@pytest.mark.parametrize("value", [{"x": 1}, None, 7, "text", [1]])
def test_what_is_no_struct_is_not_sent_as_one(
    everything: types.ModuleType, value: dict[str, int] | int | str | list[int] | None
) -> None:
    (nearest,) = [each for each in everything.Derived.INTERFACE.operations if each.name == "nearest"]
    with pytest.raises(UNSENDABLE):
        nearest.write_params([], value)
