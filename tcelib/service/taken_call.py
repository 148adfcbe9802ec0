"""The rule for calls that a service has taken and nobody has answered. Pure.

Delivery is at least once, but no order is booked twice. A message that is handed out a second time was in the hands
of a reader that is gone: perhaps the work was done, perhaps half of it. It runs again only if its sender has said,
with the header ``idempotent``, that this does no harm. Otherwise its caller gets CONNECTION_LOST, as a caller does
whose connection broke in the middle of a call. What a reader gave back was not begun, and the queue does not count it
as a try.
"""

from typing import NamedTuple

from tcelib.queue.message import Delivery
from tcelib.service.call_body import is_return

IDEMPOTENT = "idempotent"
"""Header of a message that may run more than once, with the value ``true``."""
IDEMPOTENT_HEADERS = {IDEMPOTENT: "true"}
MOST_TRIES = 5
"""An idempotent call that so many readers died of is poison."""


class Objection(NamedTuple):
    """Reason against running a call: a word and a sentence, for its dead letter."""

    reason: str
    detail: str


UNFINISHED = Objection("unfinished", "the service that had taken the call is gone, and the call is not idempotent")
POISON = Objection("poison", f"{MOST_TRIES} services took the call, and none has answered it")


def objection(delivery: Delivery) -> Objection | None:
    """Return what is against running a message; None if nothing is. Answers always pass: a second one is dropped."""
    if delivery.tries <= 1 or is_return(delivery.body):
        return None
    if delivery.message.headers.get(IDEMPOTENT) != IDEMPOTENT_HEADERS[IDEMPOTENT]:
        return UNFINISHED
    return POISON if delivery.tries > MOST_TRIES else None
