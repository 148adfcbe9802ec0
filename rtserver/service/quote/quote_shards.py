"""QuoteShards: the service "quotes" where several queues share the quotes, each with a QuoteCenter of its own."""

from collections.abc import Callable, Mapping

from rtserver.base.bridge.message import Subscribe, Unsubscribe
from rtserver.service.msg_handler import SubscribableService


class QuoteShards:
    """Passes subscriptions to the center of the quote's queue. ``queue_of`` finds it by the quote's key.

    A request that names no quote goes to any center, which refuses it. See ``SubscribableService``.
    """

    def __init__(self, centers: Mapping[str, SubscribableService], queue_of: Callable[[str], str]) -> None:
        self._centers = centers
        self._any = next(iter(centers.values()))
        self._queue_of = queue_of

    def on_subscribe(self, message: Subscribe) -> None:
        """Subscribe at one center. A ``ref`` that moves to a quote of another center is given up where it was."""
        chosen = self._center_of(message.request)
        end = Unsubscribe(message.agent, message.ref, message.service)
        for center in self._centers.values():
            if center is not chosen:
                center.on_unsubscribe(end)
        chosen.on_subscribe(message)

    def on_unsubscribe(self, message: Unsubscribe) -> None:
        """End a subscription, wherever it is: who was refused never says so, hence nothing is remembered here."""
        for center in self._centers.values():
            center.on_unsubscribe(message)

    def _center_of(self, request: object) -> SubscribableService:
        quote = request.get("quote") if isinstance(request, Mapping) else None
        return self._centers[self._queue_of(quote)] if isinstance(quote, str) else self._any
