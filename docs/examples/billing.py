"""``billing``: a program that reads orders from its own queue, and sends invoices to the queues that orders name.

Start several of it, and they share the work. One that is killed loses nothing.
"""

import os

import msgspec

from rtserver.service.message_queue import ServiceMessageQueue
from tcelib.queue.error import MessageError

PRICES = {"nails": 0.05, "copper wire": 12.5}
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")


class Order(msgspec.Struct, frozen=True):
    """``{"number": int, "items": {name: count}, "invoice_to": str}``."""

    number: int
    items: dict[str, int]
    invoice_to: str


def main() -> None:
    """Work until the process is stopped."""
    with ServiceMessageQueue.own("queue:billing", REDIS_URL) as queue:
        for message in queue:
            try:
                order = msgspec.convert(message.data, Order)
                total = sum(PRICES[name] * count for name, count in order.items.items())
                invoice = {"number": order.number, "total": round(total, 2)}
                queue.push(order.invoice_to, "invoice", invoice, id=f"invoice-{order.number}")
            except (msgspec.ValidationError, KeyError, MessageError) as error:
                queue.bury(message, "bad_order", str(error))
            else:
                queue.ack(message)


if __name__ == "__main__":
    main()
