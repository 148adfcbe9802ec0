"""TCE: calls in both directions between programs in many languages, described by an IDL.

These are the public names. What needs a runtime of its own (``RpcCommunicator``, ``RpcEndPoint``, ...) is imported
when it is first asked for, so that importing this package starts nothing and needs neither gevent nor the compiler.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tcelib.core.adapter import RpcCommAdapter
from tcelib.core.chain import RpcAsyncContext
from tcelib.core.connection import RpcConnection, RpcContext
from tcelib.core.listener import RpcConnectionEventListener
from tcelib.core.operation import Interface, Operation, Struct
from tcelib.core.promise import RpcPromise
from tcelib.core.proxy import AF_NONE, AF_READ, AF_WRITE, ErrorCallback, Proxy, ResultCallback, VoidCallback
from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.core.servant import Answer, Servant
from tcelib.error import (
    RPCERROR_CONNECT_FAILED,
    RPCERROR_CONNECT_REJECT,
    RPCERROR_CONNECT_UNREACHABLE,
    RPCERROR_CONNECTION_LOST,
    RPCERROR_DATA_INSUFFICIENT,
    RPCERROR_DATADIRTY,
    RPCERROR_INTERFACE_NOTFOUND,
    RPCERROR_INTERNAL_EXCEPTION,
    RPCERROR_REMOTE_EXCEPTION,
    RPCERROR_REMOTEMETHOD_EXCEPTION,
    RPCERROR_SENDFAILED,
    RPCERROR_SUCC,
    RPCERROR_TIMEOUT,
    RPCERROR_UNSERIALIZE_FAILED,
    DecodeError,
    PacketError,
    RpcException,
    WireError,
)
from tcelib.original import (
    RpcConsts,
    RpcMessageTraits,
    RpcProxyBase,
    RpcServantBase,
    log_debug,
    log_error,
    log_info,
    log_warn,
)
from tcelib.shortcuts import Shortcuts
from tcelib.wire.codec import (
    count_of,
    encode_bytes,
    left_over,
    misfit,
    read_nothing,
    read_void,
    truncated,
    write_nothing,
    write_void,
)
from tcelib.wire.message import Extra, RpcExtraData, RpcMessage
from tcelib.wire.text import decode_text, encode_text

if TYPE_CHECKING:
    from tcelib.runtime import (
        LocalServer,
        RpcAdapterMQ,
        RpcCommunicator,
        RpcConnectionQpidMQ,
        RpcEndPoint,
        TokenListener,
        currentServer,
        sleep,
        waitForShutdown,
    )

RUNTIME_NAMES = frozenset(
    {
        "LocalServer",
        "RpcAdapterMQ",
        "RpcCommunicator",
        "RpcConnectionQpidMQ",
        "RpcEndPoint",
        "TokenListener",
        "currentServer",
        "sleep",
        "waitForShutdown",
    }
)

__all__ = [
    "AF_NONE",
    "AF_READ",
    "AF_WRITE",
    "RPCERROR_CONNECTION_LOST",
    "RPCERROR_CONNECT_FAILED",
    "RPCERROR_CONNECT_REJECT",
    "RPCERROR_CONNECT_UNREACHABLE",
    "RPCERROR_DATADIRTY",
    "RPCERROR_DATA_INSUFFICIENT",
    "RPCERROR_INTERFACE_NOTFOUND",
    "RPCERROR_INTERNAL_EXCEPTION",
    "RPCERROR_REMOTEMETHOD_EXCEPTION",
    "RPCERROR_REMOTE_EXCEPTION",
    "RPCERROR_SENDFAILED",
    "RPCERROR_SUCC",
    "RPCERROR_TIMEOUT",
    "RPCERROR_UNSERIALIZE_FAILED",
    "Answer",
    "DecodeError",
    "ErrorCallback",
    "Extra",
    "Interface",
    "LocalServer",
    "Operation",
    "PacketError",
    "Proxy",
    "ResultCallback",
    "RpcAdapterMQ",
    "RpcAsyncContext",
    "RpcCommAdapter",
    "RpcCommunicator",
    "RpcConnection",
    "RpcConnectionEventListener",
    "RpcConnectionQpidMQ",
    "RpcConsts",
    "RpcContext",
    "RpcEndPoint",
    "RpcException",
    "RpcExtraData",
    "RpcMessage",
    "RpcMessageTraits",
    "RpcPromise",
    "RpcProxyBase",
    "RpcQueueConnection",
    "RpcServantBase",
    "Servant",
    "Shortcuts",
    "Struct",
    "TokenListener",
    "VoidCallback",
    "WireError",
    "count_of",
    "currentServer",
    "decode_text",
    "encode_bytes",
    "encode_text",
    "left_over",
    "log_debug",
    "log_error",
    "log_info",
    "log_warn",
    "misfit",
    "read_nothing",
    "read_void",
    "sleep",
    "truncated",
    "waitForShutdown",
    "write_nothing",
    "write_void",
]


def __getattr__(name: str) -> Any:
    if name in RUNTIME_NAMES:
        return getattr(import_module("tcelib.runtime"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
