"""thriftpy2's server for several clients: a thread for each connection. Framed, binary, its codec in Cython."""

from pathlib import Path

import thriftpy2
from thriftpy2.protocol import TCyBinaryProtocolFactory
from thriftpy2.rpc import make_server
from thriftpy2.server import TThreadedServer
from thriftpy2.transport import TCyFramedTransportFactory
from work import port_argument

BACKLOG = 1024


class Calls:
    def echo(self, text: str) -> str:
        return text


def main() -> None:
    calls = thriftpy2.load(str(Path(__file__).with_name("calls.thrift")), module_name="calls_thrift")
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


if __name__ == "__main__":
    main()
