"""thriftpy2's server for several clients: a thread for each connection. Framed, binary, its codec in Cython.

With ``--codec`` the time of its codec.
"""

import sys
from pathlib import Path

import thriftpy2
from codec_timer import VALUES, report
from thriftpy2.protocol import TCyBinaryProtocolFactory
from thriftpy2.rpc import make_server
from thriftpy2.server import TThreadedServer
from thriftpy2.transport import TCyFramedTransportFactory
from thriftpy2.utils import deserialize, serialize
from work import port_argument

BACKLOG = 1024
IDL = str(Path(__file__).with_name("calls.thrift"))


class Calls:
    def echo(self, text: str) -> str:
        return text


def serve() -> None:
    calls = thriftpy2.load(IDL, module_name="calls_thrift")
    server = make_server(
        calls.Calls,
        Calls(),
        "127.0.0.1",
        port_argument(),
        proto_factory=TCyBinaryProtocolFactory(),
        trans_factory=TCyFramedTransportFactory(),
        client_timeout=None,
    )
    assert isinstance(server, TThreadedServer)
    server.daemon = True
    server.trans.backlog = BACKLOG
    server.serve()


def time_codec() -> None:
    calls = thriftpy2.load(IDL, module_name="calls_thrift")
    factory = TCyBinaryProtocolFactory()
    struct = calls.All(**VALUES)
    report(lambda: serialize(struct, factory), lambda data: deserialize(calls.All(), data, factory))


if __name__ == "__main__":
    time_codec() if "--codec" in sys.argv else serve()
