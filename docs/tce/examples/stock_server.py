"""A warehouse, over TCP for programs and over WebSockets for pages, which are told when something comes in."""

import tcelib as tce
from stock import Item, Storekeeper
from test import ITerminalPrx


class StorekeeperImpl(Storekeeper):
    """Serves the interfaces that Storekeeper extends, too."""

    def __init__(self) -> None:
        nail = Item(name="nail", barcode=4006381333931, price=0.05)
        self.items = {nail.barcode: nail}
        self.pieces = {"nail": 300}
        self.watchers: set[tce.RpcConnection] = set()

    def datetime(self, ctx: tce.RpcContext) -> str:
        return "half past nine"

    def find(self, barcode: int, ctx: tce.RpcContext) -> Item:
        return self.items[barcode]

    def cheaper(self, price: float, ctx: tce.RpcContext) -> list[Item]:
        return [item for item in self.items.values() if item.price < price]

    def count(self, names: list[str], ctx: tce.RpcContext) -> dict[str, int]:
        return {name: self.pieces.get(name, 0) for name in names}

    def picture(self, barcode: int, ctx: tce.RpcContext) -> bytes:
        return b"GIF89a"

    def put(self, item: Item, pieces: int, ctx: tce.RpcContext) -> None:
        self.items[item.barcode] = item
        self.pieces[item.name] = self.pieces.get(item.name, 0) + pieces
        for conn in list(self.watchers):
            ITerminalPrx(conn).onMessage_oneway(f"{pieces} x {item.name}")

    def watch(self, ctx: tce.RpcContext) -> None:
        ITerminalPrx(ctx.conn).onMessage_oneway(f"{ctx.conn.getUserId()} is watching")
        self.watchers.add(ctx.conn)
        ctx.conn.cb_disconnect = self.watchers.discard


class NameTags(tce.RpcConnectionEventListener):
    def onDataPacket(self, conn: tce.RpcConnection, msg: tce.RpcMessage) -> bool:
        """Whoever shows a token is called by it, from then on."""
        if "__token__" in msg.extra.props:
            conn.setUserId(msg.extra.props["__token__"])
        return True


servant = StorekeeperImpl()
communicator = tce.RpcCommunicator.instance().init("stock_server")
communicator.setConnectionEventListener(NameTags())
communicator.createAdapter("programs", tce.RpcEndPoint(port=16005)).addServant(servant)
communicator.createAdapter("pages", tce.RpcEndPoint(port=16006, type_="websocket")).addServant(servant)
communicator.waitForShutdown()
