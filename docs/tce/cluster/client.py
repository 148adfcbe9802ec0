import tcelib as tce
from test import *


class TerminalImpl(ITerminal):
    def __init__(self):
        ITerminal.__init__(self)

    def onMessage(self, message, ctx):
        print("onMessage:", message)  # print is a function


def call_twoway():
    print(prxServer.echo("hello"))  # print is a function


def call_timeout():
    try:
        print(prxServer.timeout(3, 6))  # print is a function
    except tce.RpcException as e:  # as, not a comma
        print(e.what())  # print is a function


def call_async():
    def hello_callback_async(result, proxy, cookie):
        print("async call result:", result)  # print is a function
        print("cookie:", cookie)  # print is a function

    prxServer.echo_async("pingpang", hello_callback_async, "cookie")


def call_extras():
    print(prxServer.echo("hello", extra={"name": "abc"}))  # print is a function


def call_oneway():
    prxServer.heartbeat_oneway("hello world!")


def call_bidirection():
    adapter = tce.RpcCommAdapter("adapter")
    impl = TerminalImpl()
    adapter.addConnection(prxServer.conn)
    adapter.addServant(impl)
    tce.RpcCommunicator.instance().addAdapter(adapter)
    prxServer.bidirection_oneway()


def Proxy():
    ep = tce.RpcEndPoint(host="localhost", port=12002)
    prx_server = ServerPrx.create(ep)
    prx_gws = ITerminalGatewayServerPrx.createWithProxy(prx_server)
    return prx_server, prx_gws


tce.RpcCommunicator.instance().init()
prxServer, prxGWS = Proxy()

call_twoway()
tce.sleep()
