"""The desk that takes orders: a service behind a Redis stream. Several of these may share the work."""

import sys

from shop import Item, Orders, Receipt

import tcelib as tce

REDIS = sys.argv[1] if len(sys.argv) > 1 else "redis://127.0.0.1:6379/0"


class OrdersImpl(Orders):
    def __init__(self) -> None:
        self.placed: dict[int, tuple[str, list[Item]]] = {}

    def place(self, items: list[Item], ctx: tce.RpcContext) -> Receipt:
        """The user is the one whom rtserver knows; nobody can order as somebody else."""
        customer = tce.Shortcuts.USER_ID(ctx)
        number = 2**53 + 1 + len(self.placed)  # as a 64-bit id may be
        self.placed[number] = customer, items
        return Receipt(number, customer, sum(item.pieces * item.price for item in items))

    def cancel(self, number: int, ctx: tce.RpcContext) -> None:
        if self.placed[number][0] != tce.Shortcuts.USER_ID(ctx):
            raise PermissionError(number)
        del self.placed[number]

    def wanted(self, customer: str, ctx: tce.RpcContext) -> list[Item]:
        return [item for owner, items in self.placed.values() if owner == customer for item in items]


communicator = tce.RpcCommunicator.instance().init("orders")
communicator.addEndPoint(tce.RpcEndPoint("orders", host=REDIS, type_="stream"))
tce.RpcAdapterMQ.create("desk", "orders").addServant(OrdersImpl()).start()
communicator.waitForShutdown()
