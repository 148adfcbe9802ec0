import time

import tcelib as tce
from test import *


class ServerImpl(Server):
    def __init__(self):
        Server.__init__(self)
        self.clientprx = None

    def echo(self, text, ctx):
        print("extra oob data:", ctx.msg.extra.props)  # print is a function
        return "Yah! " + text

    def timeout(self, secs, ctx):
        print("enter timeout:", secs)  # print is a function
        time.sleep(secs)

    def heartbeat(self, hello, ctx):
        print(hello)  # print is a function

    def bidirection(self, ctx):
        epname = tce.Shortcuts.MQ_RETURN(ctx)
        user_id = tce.Shortcuts.USER_ID(ctx)
        print(epname, user_id)  # print is a function
        conn = tce.RpcCommunicator.instance().getConnectionMQCollection().get(epname)
        clientprx = ITerminalPrx(conn)
        clientprx.onMessage_oneway("server push message!", tce.Shortcuts.CALL_USER_ID(user_id))


def main():
    tce.RpcCommunicator.instance().init("server").initMQEndpoints("./config.yml")
    adapter = tce.RpcAdapterMQ.create("adapter", "mq_server")
    servant = ServerImpl()
    adapter.addServant(servant).start()
    tce.RpcCommunicator.instance().waitForShutdown()


if __name__ == "__main__":  # so that the file can be imported
    main()
