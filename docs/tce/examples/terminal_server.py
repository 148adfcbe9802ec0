"""A server that speaks first: it calls what its clients serve."""

import tcelib as tce
from test import ITerminalPrx, Server


class ServerImpl(Server):
    def bidirection(self, ctx: tce.RpcContext) -> None:
        """Call back over the connection that the call came on."""
        terminal = ITerminalPrx(ctx.conn)
        terminal.onMessage_oneway("welcome")
        terminal.onMessage("are you there?")  # a servant may wait for an answer: other calls go on
        for conn in list(adapter.connections):
            ITerminalPrx(conn).onMessage_oneway("somebody came")

    def heartbeat(self, text: str, ctx: tce.RpcContext) -> None:
        ITerminalPrx(ctx.conn).onMessage_oneway(f"{text} to you")


communicator = tce.RpcCommunicator.instance().init("terminal_server")
adapter = communicator.createAdapter("terminals", tce.RpcEndPoint(port=16005))
adapter.addServant(ServerImpl())
communicator.waitForShutdown()
