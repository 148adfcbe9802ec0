# ruff: noqa: N802  the names that TCE's users know
"""Names that programs of the original TCE use, for what is called otherwise here, or is Python's own by now."""

import logging
import time
from typing import Any

from tcelib import error
from tcelib.core.proxy import Proxy
from tcelib.core.servant import Servant
from tcelib.wire.message import LINGER_TIME, Extra

RpcServantBase = Servant
RpcProxyBase = Proxy

_log = logging.getLogger("tce")


class RpcConsts:
    """The numbers of the protocol (TCE protocol, sections 1 and 2.7); ``error_infos`` names those of errors."""

    COMPRESS_NONE, COMPRESS_ZLIB, COMPRESS_BZIP2 = 0, 1, 2
    ENCRYPT_NONE, ENCRYPT_MD5, ENCRYPT_DES = 0, 1, 2
    MSGTYPE_RPC, MSGTYPE_NORPC = 1, 2

    RPCERROR_SUCC = error.RPCERROR_SUCC
    RPCERROR_SENDFAILED = error.RPCERROR_SENDFAILED
    RPCERROR_TIMEOUT = error.RPCERROR_TIMEOUT
    RPCERROR_DATADIRTY = error.RPCERROR_DATADIRTY
    RPCERROR_INTERFACE_NOTFOUND = error.RPCERROR_INTERFACE_NOTFOUND
    RPCERROR_UNSERIALIZE_FAILED = error.RPCERROR_UNSERIALIZE_FAILED
    RPCERROR_REMOTEMETHOD_EXCEPTION = error.RPCERROR_REMOTEMETHOD_EXCEPTION
    RPCERROR_DATA_INSUFFICIENT = error.RPCERROR_DATA_INSUFFICIENT
    RPCERROR_REMOTE_EXCEPTION = error.RPCERROR_REMOTE_EXCEPTION
    RPCERROR_CONNECT_UNREACHABLE = error.RPCERROR_CONNECT_UNREACHABLE
    RPCERROR_CONNECT_FAILED = error.RPCERROR_CONNECT_FAILED
    RPCERROR_CONNECT_REJECT = error.RPCERROR_CONNECT_REJECT
    RPCERROR_CONNECTION_LOST = error.RPCERROR_CONNECTION_LOST
    RPCERROR_INTERNAL_EXCEPTION = error.RPCERROR_INTERNAL_EXCEPTION

    EXTRA_DATA_MQ_RETURN = "__mq_return__"
    EXTRA_DATA_USER_ID = "__user_id__"

    error_infos = error.NAMES


class RpcMessageTraits:
    """Extra values that bound a call's time in a queue.

    ``prx.echo_async(text, extra=RpcMessageTraits.MAX_LINGER_TIME(5))``
    """

    MAX_MSG_LINGER_TIME = LINGER_TIME

    @staticmethod
    def MAX_LINGER_TIME(seconds: float, extra: Extra | None = None) -> dict[str, object]:
        """The extra values, beside ``extra``, of a call that is dropped when it is taken off its queue later."""
        return {**(extra or {}), LINGER_TIME: int(time.time() + seconds)}


def log_debug(message: Any) -> None:
    """Log to ``tce``, where tcelib's own messages go."""
    _log.debug("%s", message)


def log_info(message: Any) -> None:
    """See ``log_debug``."""
    _log.info("%s", message)


def log_warn(message: Any) -> None:
    """See ``log_debug``."""
    _log.warning("%s", message)


def log_error(message: Any) -> None:
    """See ``log_debug``."""
    _log.error("%s", message)
