import tcelib as tce
from test import Server


class ServerImpl(Server):
    def echo(self, greetings: str, ctx: tce.RpcContext) -> str:
        return greetings


tce.RpcCommunicator.instance().init("server")
ep = tce.RpcEndPoint(host="", port=16005)
adapter = tce.RpcCommunicator.instance().createAdapter("first_server", ep)
adapter.addServant(ServerImpl())
tce.RpcCommunicator.instance().waitForShutdown()
