"""Delivery of pushed messages to the agents of the users that they name.

Messages for the same users that come in a row are pushed together. The services have decided who they are, and that
no message is too large.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from rtserver.base.bridge.message import Deliver
from rtserver.base.wire.payload import Framing, frames_of
from rtserver.user.agent_registry import AgentRegistry
from rtserver.user.seen_offset import SeenOffsets
from rtserver.user.topic.board import FanOut
from rtserver.user.user_agent import Connection, UserAgent

FEW_USERS = 4
SHORT_BYTES = 2_048
"""Length of a payload that may be joined: those of one turn of the event loop fit into an outbox without a lag."""
USER_IDS = attrgetter("user_ids")


def can_join(message: Deliver, following: Deliver) -> bool:
    """Return True if two messages may be delivered in one go: it must not take much longer than one to everybody."""
    if len(message.payload) > SHORT_BYTES or len(following.payload) > SHORT_BYTES:
        return False
    users, others = message.user_ids, following.user_ids
    if users is None or others is None:
        return users is others
    return users == others or (len(users) <= FEW_USERS and len(others) <= FEW_USERS)


class Deliveries:
    """Pushes messages to the agents in ``registry`` and tells ``seen_offsets``. ``fan_out`` is that of the topics."""

    def __init__(self, registry: AgentRegistry, seen_offsets: SeenOffsets, fan_out: FanOut) -> None:
        self._registry = registry
        self._seen_offsets = seen_offsets
        self._fan_out = fan_out

    def deliver(self, *messages: Deliver) -> None:
        """Push messages in order, each to all agents of its users."""
        for user_ids, run in groupby(messages, USER_IDS):
            self._push(self._receivers(user_ids), [message.payload for message in run])
        for message in reversed(messages):
            if message.offset is not None:
                self._seen_offsets.on_push(message.offset)
                break  # offsets come in order

    def _push(self, agents: Sequence[UserAgent], payloads: Sequence[bytes]) -> None:
        if len(agents) == 1:
            connection = agents[0].connection
            self._fan_out((connection,), frames_of(connection.framing, payloads), None)
            return
        kinds: dict[Framing, list[Connection]] = {}
        for agent in agents:
            connection = agent.connection
            kinds.setdefault(connection.framing, []).append(connection)
        for framing, connections in kinds.items():
            self._fan_out(connections, frames_of(framing, payloads), None)

    def _receivers(self, user_ids: tuple[int | str, ...] | None) -> Sequence[UserAgent]:
        if user_ids is None:
            return self._registry.all()
        by_user = self._registry.by_user
        if len(user_ids) == 1:
            return by_user.get(str(user_ids[0]))
        different = dict.fromkeys(map(str, user_ids))  # a user named twice gets the message once
        return [agent for user_id in different for agent in by_user.get(user_id)]
