"""A server that lets in who shows a token, and knows its users by their names."""

import tcelib as tce
from test import ITerminalPrx, Server

USERS = {"key-of-ann": "ann", "key-of-bob": "bob"}


class Doorkeeper(tce.RpcConnectionEventListener):
    """Sees every connection, and every message before it is served."""

    def onDataPacket(self, conn: tce.RpcConnection, msg: tce.RpcMessage) -> bool:
        """True lets the message pass, False hangs up."""
        if conn.getRecvedMessageCount() > 1:
            return True  # the token comes with the first message only
        user = USERS.get(msg.extra.props.get("__token__", ""))
        if user is None:
            return False
        conn.setUserId(user)
        return True

    def onDisconnected(self, conn: tce.RpcConnection) -> None:
        print(conn.getUserId() or "a stranger", "left", flush=True)


class ServerImpl(Server):
    def echo(self, text: str, ctx: tce.RpcContext) -> str:
        return f"{ctx.conn.getUserId()} said {text}"

    def heartbeat(self, text: str, ctx: tce.RpcContext) -> None:
        """``name: text`` goes to that user, if there is one here."""
        name, _, words = text.partition(": ")
        conn = adapter.getUserConnection(name)
        if conn is not None:
            ITerminalPrx(conn).onMessage_oneway(f"{ctx.conn.getUserId()} says {words}")


communicator = tce.RpcCommunicator.instance().init("login_server")
communicator.setProperty("userid_check", "true")  # nobody is called "1", "2", ... before the doorkeeper has a name
communicator.setConnectionEventListener(Doorkeeper())
adapter = communicator.createAdapter("users", tce.RpcEndPoint(port=16005))
adapter.addServant(ServerImpl())
communicator.waitForShutdown()
