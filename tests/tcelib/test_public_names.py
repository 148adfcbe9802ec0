"""`import tcelib`: the names, and that nothing is started by it (TCE protocol, sections 2.7 and 4)."""

import subprocess
import sys

import pytest

import tcelib as tce
from tcelib.core.connection import RpcContext
from tcelib.error import RpcException
from tcelib.wire.message import RpcExtraData, RpcMessage
from tests.tcelib.peer import Calculator, open_connection


def test_importing_the_package_imports_neither_runtime_nor_compiler_nor_transport() -> None:
    program = """
import sys, threading
import tcelib
bad = [m for m in sys.modules if m.split(".")[0] in {"gevent", "lark", "asyncio", "tornado", "redis", "socket"}]
bad += [m for m in sys.modules if m.startswith(("tcelib.runtime", "tcelib.transport", "tcelib.tmake"))]
print(bad, threading.active_count())
"""
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert output.stdout.strip() == "[] 1"


def test_every_public_name_that_needs_no_runtime_is_there() -> None:
    assert [name for name in tce.__all__ if name not in tce.RUNTIME_NAMES and not hasattr(tce, name)] == []
    assert set(tce.__all__) >= tce.RUNTIME_NAMES


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tce.nothing


@pytest.mark.parametrize(
    ("error", "what", "text"),
    [
        (tce.RpcException(2), "RPCERROR_TIMEOUT", "RPCERROR_TIMEOUT"),
        (
            tce.RpcException(6, "no", data=[1]),
            "RPCERROR_REMOTEMETHOD_EXCEPTION: no",
            "RPCERROR_REMOTEMETHOD_EXCEPTION: no",
        ),
        (tce.RpcException(77), "Undefined Error", "error 77"),
        (tce.RpcException(77, "odd"), "Undefined Error: odd", "error 77: odd"),
    ],
)
def test_an_exception_says_what_it_is(error: RpcException, what: str, text: str) -> None:
    assert error.what() == what
    assert str(error) == text


def test_the_error_numbers_are_those_of_all_languages() -> None:
    names = [name for name in tce.__all__ if name.startswith("RPCERROR_")]

    assert {getattr(tce, name) for name in names} == {*range(9), *range(101, 106)}


def context(**extra: str) -> RpcContext:
    connection = open_connection(servant=(servant := Calculator()))
    connection.sendMessage(RpcMessage(1, 1, 7, 8, extra=RpcExtraData(extra)))
    connection.receive(connection.transport.take())
    return servant.seen[0]


def test_shortcuts_read_what_gateways_add() -> None:
    ctx = context(__user_id__="17", __mq_return__="queue", name="x")

    assert tce.Shortcuts.USER_ID(ctx) == "17"
    assert tce.Shortcuts.MQ_RETURN(ctx) == "queue"
    assert tce.Shortcuts.getExtraValue(ctx, "name") == "x"


def test_shortcuts_say_none_or_the_default_for_what_is_not_there() -> None:
    ctx = context()

    assert tce.Shortcuts.USER_ID(ctx) is None
    assert tce.Shortcuts.MQ_RETURN(ctx) is None
    assert tce.Shortcuts.getExtraValue(ctx, "name") is None
    assert tce.Shortcuts.getExtraValue(ctx, "name", "default") == "default"


def test_the_extra_values_of_a_call_to_a_user_are_a_copy() -> None:
    extra = {"a": "b"}

    assert tce.Shortcuts.CALL_USER_ID(17, extra) == {"a": "b", "__user_id__": "17"}
    assert tce.Shortcuts.CALL_USER_ID("17") == {"__user_id__": "17"}
    assert extra == {"a": "b"}


def test_the_names_of_the_original_are_there_and_mean_the_same(caplog: pytest.LogCaptureFixture) -> None:
    assert tce.RpcConsts.RPCERROR_TIMEOUT == tce.RPCERROR_TIMEOUT
    names = [name for name in tce.__all__ if name.startswith("RPCERROR_")]
    assert {name: getattr(tce.RpcConsts, name) for name in names} == {name: getattr(tce, name) for name in names}
    assert tce.RpcConsts.error_infos[2] == "RPCERROR_TIMEOUT"
    assert issubclass(Calculator, tce.RpcServantBase)
    assert tce.RpcProxyBase is tce.Proxy
    assert context(name="x").msg.extra.getValue("name") == "x"
    assert context().msg.extra.getValue("name", "y") == "y"

    with caplog.at_level("DEBUG", "tce"):
        for log in (tce.log_debug, tce.log_info, tce.log_warn, tce.log_error):
            log("100 %s of it")
    assert [(record.levelname, record.message) for record in caplog.records] == [
        (level, "100 %s of it") for level in ("DEBUG", "INFO", "WARNING", "ERROR")
    ]


def test_a_call_that_may_not_linger_says_until_when(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tcelib.original.time.time", lambda: 1000.5)

    extra = tce.RpcMessageTraits.MAX_LINGER_TIME(5, {"other": "x"})

    assert extra == {"other": "x", "__linger_time__": 1005}
