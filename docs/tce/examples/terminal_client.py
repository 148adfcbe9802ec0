"""A client that serves calls of its server, over the one connection that it has opened."""

import tcelib as tce
from test import ITerminal, ServerPrx


class Terminal(ITerminal):
    def onMessage(self, message: str, ctx: tce.RpcContext) -> None:
        print("the server says:", message)
        if message == "bye to you":
            communicator.shutdown()


communicator = tce.RpcCommunicator.instance().init("terminal_client")
prx = ServerPrx.create(tce.RpcEndPoint(host="localhost", port=16005))
adapter = tce.RpcCommAdapter("terminal")
adapter.addServant(Terminal())
adapter.addConnection(prx.conn)

prx.bidirection()
prx.heartbeat_oneway("bye")
communicator.waitForShutdown()
