"""A binary client of rtserver: a user like those with browsers. Call it with a token."""

import json
import sys

import tcelib as tce
from rtserver.idl.rtserver import ITerminal, IUserGatewayPrx


class Terminal(ITerminal):
    def onMessage(self, type: str, json: str, ctx: tce.RpcContext) -> None:
        """Everything that rtserver sends to this user."""
        print(type, json, flush=True)


server = IUserGatewayPrx.create(tce.RpcEndPoint(host="localhost", port=8889))
server.conn.setToken(sys.argv[1])
tce.RpcCommAdapter("terminal").addServant(Terminal()).addConnection(server.conn)

chart = {
    "type": "quote",
    "chart_id": "c",
    "exchange": "DEMO",
    "item": "AAPL",
    "date": "20130301",
    "update": "dynamic",
}
server.send(json.dumps({"type": "mycharts", "data": chart}))
print("ping:", server.ping("hello"), flush=True)
tce.waitForShutdown()
