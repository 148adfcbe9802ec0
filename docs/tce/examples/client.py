import tcelib as tce
from test import ServerPrx

tce.RpcCommunicator.instance().init()
ep = tce.RpcEndPoint(host="localhost", port=16005)
prx = ServerPrx.create(ep)
print(prx.echo("hello"))
