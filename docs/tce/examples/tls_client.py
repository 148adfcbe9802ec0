"""Trusts one certificate over TCP and over a WebSocket, and does not trust it without being told to."""

import tcelib as tce
from test import ServerPrx

tls = tce.RpcEndPoint(host="localhost", port=16005, certfile="cert.pem")
wss = tce.RpcEndPoint(host="localhost", port=16006, certfile="cert.pem", type_="websocket")
print(ServerPrx.create(tls).echo("secret"))
print(ServerPrx.create(wss).echo("secret, too"))

# With ssl alone the system's authorities are asked, who have not signed it.
try:
    ServerPrx.create(tce.RpcEndPoint(host="localhost", port=16005, ssl=True)).echo("to whom?")
except tce.RpcException as error:
    print(error.errcode == tce.RPCERROR_CONNECT_FAILED)

# As the original clients do: encrypted, for whoever is there.
print(ServerPrx.create(tce.RpcEndPoint(host="localhost", port=16005, ssl=True, verify=False)).echo("anybody"))
