"""``order``: a service message that the server hands on to the queue of billing, a process of its own."""

import msgspec

from rtserver.service.msg_handler import ServiceMsgHandler


class OrderData(msgspec.Struct, frozen=True):
    """``{"number": int, "items": {name: count}, "invoice_to": str}``."""

    number: int
    items: dict[str, int]
    invoice_to: str


class OrderMsgHandler(ServiceMsgHandler):
    """Puts each order on ``queue:billing``, once for all servers."""

    msg_type = "order"
    data_type = OrderData
    delivery = "once"

    def __call__(self, src: str, data: OrderData) -> None:
        """Hand the order on. Billing can tell a second one by the message's id."""
        self.services.push("queue:billing", "order", msgspec.to_builtins(data), id=f"order-{data.number}")
