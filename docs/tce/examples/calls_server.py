"""A server with something to do for every kind of call. It listens for TCP, and for WebSockets on the next port."""

import tcelib as tce
from test import ITerminalGatewayServer, Server


class ServerImpl(Server):
    def datetime(self, ctx: tce.RpcContext) -> str:
        return "half past nine"

    def echo(self, text: str, ctx: tce.RpcContext) -> str:
        if not text:
            raise ValueError("there is nothing to say back")  # the caller gets error 6, the traceback stays here
        if ctx.msg.extra.props.get("voice") == "loud":
            return text.upper()
        return text

    def timeout(self, secs: int, ctx: tce.RpcContext) -> None:
        tce.sleep(secs)  # other calls go on meanwhile

    def heartbeat(self, text: str, ctx: tce.RpcContext) -> None:
        print("heartbeat:", text, flush=True)


class GatewayImpl(ITerminalGatewayServer):
    def ping(self, ctx: tce.RpcContext) -> None:
        """Nothing to do: the answer says it all."""


communicator = tce.RpcCommunicator.instance().init("calls_server")
tcp = communicator.createAdapter("tcp", tce.RpcEndPoint(port=16005))
websocket = communicator.createAdapter("websocket", tce.RpcEndPoint(port=16006, type_="websocket"))
for adapter in (tcp, websocket):
    adapter.addServant(ServerImpl()).addServant(GatewayImpl())
communicator.waitForShutdown()
