"""``order_desk``: a program that sends orders to billing, and prints the invoices that come back to its own queue."""

import os
import sys
from itertools import islice

from rtserver.service.message_queue import ServiceMessageQueue

REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
ORDERS = [{"number": 1017, "items": {"copper wire": 2}}, {"number": 1018, "items": {"nails": 100, "copper wire": 1}}]


def main() -> None:
    """Send the orders, and end with the last invoice."""
    with ServiceMessageQueue.own("queue:order_desk", REDIS_URL) as queue:
        for order in ORDERS:
            queue.push("queue:billing", "order", {**order, "invoice_to": queue.name}, id=f"order-{order['number']}")
        for invoice in islice(queue, len(ORDERS)):
            sys.stdout.write(f"order {invoice.data['number']}: {invoice.data['total']:.2f}\n")
            queue.ack(invoice)


if __name__ == "__main__":
    main()
