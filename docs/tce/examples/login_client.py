"""Ann and Bob in one program, each with a connection, and a stranger."""

import tcelib as tce
from test import ITerminal, ServerPrx


class Terminal(ITerminal):
    def onMessage(self, message: str, ctx: tce.RpcContext) -> None:
        print(message)
        communicator.shutdown()


def connect(token: str) -> ServerPrx:
    prx = ServerPrx.create(tce.RpcEndPoint(host="localhost", port=16005))
    prx.conn.setToken(token)  # goes along with the first call, and again after each loss of the connection
    return prx


communicator = tce.RpcCommunicator.instance().init("login_client")
try:
    connect("key of nobody").echo("let me in")
except tce.RpcException as error:
    print(error)

ann = connect("key-of-ann")
bob = connect("key-of-bob")
tce.RpcCommAdapter("terminal").addServant(Terminal()).addConnection(ann.conn)
print(ann.echo("good morning"))
bob.heartbeat_oneway("ann: lunch?")
communicator.waitForShutdown()
