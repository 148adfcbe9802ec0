"""The same server twice: TLS over TCP, and a WebSocket over TLS (``wss``)."""

import tcelib as tce
from test import Server


class ServerImpl(Server):
    def echo(self, text: str, ctx: tce.RpcContext) -> str:
        return text


communicator = tce.RpcCommunicator.instance().init("tls_server")
tls = tce.RpcEndPoint(port=16005, certfile="cert.pem", keyfile="key.pem")
wss = tce.RpcEndPoint(port=16006, certfile="cert.pem", keyfile="key.pem", type_="websocket")
communicator.createAdapter("tls", tls).addServant(ServerImpl())
communicator.createAdapter("wss", wss).addServant(ServerImpl())
communicator.waitForShutdown()
