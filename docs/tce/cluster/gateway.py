"""The gateway of the document, which leaves it out: the steps are those of TCE protocol, sections 6.1 and 6.2."""

import sys

import tcelib as tce
from test import *


class GatewayImpl(ITerminalGatewayServer):
    def __init__(self):
        ITerminalGatewayServer.__init__(self)

    def ping(self, ctx):
        print("ping")


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else "gwserver"
    communicator = tce.RpcCommunicator.instance().init(name)
    if not communicator.initMessageRoute("./services.xml"):
        sys.exit(1)
    server = communicator.currentServer()
    servant = GatewayImpl()
    for epname in server.getPropertyValue("listen").split(","):
        communicator.createAdapter(epname, epname).addServant(servant)
    for pair in server.getPropertyValue("loopback").split(","):
        call, answer = map(server.findEndPointByName, pair.split("#"))
        call.impl.setLoopbackMQ(answer.impl)
    communicator.waitForShutdown()


if __name__ == "__main__":
    main()
