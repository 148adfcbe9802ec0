"""Subscriptions with both sides of the server behind them, and the bridge between them in the test's hand."""

from collections import deque
from functools import partial
from typing import Any

from rtserver.base.bridge.message import Message, Subscribe, Unsubscribe
from rtserver.handlers.topic import TopicMsgHandler
from rtserver.service.msg_handler import SubscribableService
from rtserver.user.policy import Rights
from rtserver.user.user_limits import UserBounds
from tests.service.topic.station import Counters, Station
from tests.user_side import Client, Online


class Hall:
    """Both sides of the bridge, and the mailboxes between them: what is posted waits until ``deliver``."""

    def __init__(
        self,
        service: type[Counters] = Counters,
        *,
        rights: Rights | None = None,
        bounds: UserBounds | None = None,
        **limits: Any,
    ) -> None:
        self.online = Online(partial(TopicMsgHandler, **limits), rights=rights, bounds=bounds)
        self._to_users: deque[Message] = deque()
        self.station = Station(service, post=self._to_users.append)
        self.services: dict[str, SubscribableService] = {"counter": self.station.service.topics}

    def deliver(self) -> None:
        """Everything that was posted, to either side, until nothing is left."""
        while True:
            for message in self.online.take_posted():
                if isinstance(message, Subscribe):
                    self.services[message.service].on_subscribe(message)
                elif isinstance(message, Unsubscribe):
                    self.services[message.service].on_unsubscribe(message)
            self.station.turn()
            while self._to_users:
                self.online.users.handle(self._to_users.popleft())
            if not self.online.posted:
                return

    def post(self, message: Message) -> None:
        """Post to the websocket thread, as a service does."""
        self._to_users.append(message)

    def ask(self, client: Client, name: str = "a", topic_id: int | str = "t", **more: Any) -> list[dict[str, Any]]:
        """A subscription; what the client has got when everything has been delivered."""
        data = {"op": "subscribe", "topic_id": topic_id, "service": "counter", "request": {"name": name}, **more}
        return self.send(client, data)

    def send(self, client: Client, data: object, **more: Any) -> list[dict[str, Any]]:
        client.send("topic", data, **more)
        self.deliver()
        return client.wire.take()

    def count(self, name: str = "a", key: str | None = None) -> None:
        self.station.service.count(name, key)
        self.deliver()
