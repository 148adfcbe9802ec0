"""The gevent runtime of programs that only use TCE: communicator, endpoints, and the end of the program."""

from tcelib.runtime.adapter_mq import RpcAdapterMQ
from tcelib.runtime.communicator import RpcCommunicator, RpcEndPoint, currentServer, sleep, waitForShutdown
from tcelib.runtime.local_server import LocalServer
from tcelib.runtime.qpid_connection import RpcConnectionQpidMQ
from tcelib.runtime.token_listener import TokenListener

__all__ = [
    "LocalServer",
    "RpcAdapterMQ",
    "RpcCommunicator",
    "RpcConnectionQpidMQ",
    "RpcEndPoint",
    "TokenListener",
    "currentServer",
    "sleep",
    "waitForShutdown",
]
