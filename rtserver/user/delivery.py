"""Delivery of pushed messages to the agents of the users that they name.

Messages for the same users that come in a row are pushed together. The services have decided who they are, and that
no message is too large.
"""

import logging
from collections.abc import Sequence
from math import inf

from rtserver.base.bridge.message import Deliver, DeliverEarly
from rtserver.base.wire.payload import Framing, frames_of
from rtserver.user.agent_registry import AgentRegistry
from rtserver.user.seen_offset import SeenOffsets
from rtserver.user.topic.board import FanOut
from rtserver.user.user_agent import Connection, UserAgent

log = logging.getLogger(__name__)

SHORT_BYTES = 2_048
"""Length of a payload that may be joined: those of one turn of the event loop fit into an outbox without a lag."""
OWN_BYTES = 512
"""Bytes for one user that count as one message of a turn: 64 of them are 32 KB, and the sockets may be written over
four turns (``base.connection.flusher``). So a client that reads well does not lag.
"""
LARGE_BYTES = 32_768
"""More than this for many ends the turn: otherwise one turn queues more bytes than the sockets take."""


def can_join(message: Deliver, following: Deliver) -> bool:
    """Return True if two messages may be delivered in one go: it must not take much longer than one to everybody."""
    if len(message.payload) > SHORT_BYTES or len(following.payload) > SHORT_BYTES:
        return False
    if type(message) is not type(following):
        return False
    users, others = message.user_ids, following.user_ids
    if users is None or others is None:
        return users is others
    return users == others or len(users) == len(others) == 1


def cost_of(messages: Sequence[Deliver]) -> float:
    """Return for how many messages some that join each other count in a turn of the event loop.

    Messages to single users are light: the more of them are queued before the sockets are written, the more leave
    with one write. They count by the most that one user can get of them.
    """
    lengths = [len(message.payload) for message in messages]
    if len(messages) > 1 and _is_for_one(messages[0]):
        users = {message.user_ids for message in messages}
        return max(lengths) * (len(messages) - len(users) + 1) / OWN_BYTES
    return inf if sum(lengths) > LARGE_BYTES else len(messages)


def _is_for_one(message: Deliver) -> bool:
    return message.user_ids is not None and len(message.user_ids) == 1


class Deliveries:
    """Pushes messages to the agents in ``registry`` and tells ``seen_offsets``. ``fan_out`` is that of the topics."""

    def __init__(self, registry: AgentRegistry, seen_offsets: SeenOffsets, fan_out: FanOut) -> None:
        self._registry = registry
        self._seen_offsets = seen_offsets
        self._fan_out = fan_out

    def deliver(self, *messages: Deliver) -> None:
        """Push messages that join each other in order, each to all agents of its users."""
        if _is_for_one(messages[0]):
            for message in messages:
                self._push_own(message)
        else:
            self._push(self._receivers(messages[0].user_ids), [message.payload for message in messages])
        for message in reversed(messages):
            if message.offset is not None:
                self._seen_offsets.on_push(message.offset)
                break  # offsets come in order

    def deliver_early(self, *messages: DeliverEarly) -> None:
        """Push messages that join each other, each to all agents of its one user."""
        for message in messages:
            self._push_own(message)
            if message.user_ids and message.offset is not None:
                self._seen_offsets.on_early(str(message.user_ids[0]), message.offset)

    def _push_own(self, message: Deliver) -> None:
        for agent in self._receivers(message.user_ids):
            connection = agent.connection
            # An odd framing, or a handler that fails when it hears of a lag, must not keep messages from others.
            try:
                connection.push(connection.framing(message.payload))
            except BaseException:
                log.exception("! %s: a message of %d bytes could not be pushed", agent, len(message.payload))

    def _push(self, agents: Sequence[UserAgent], payloads: Sequence[bytes]) -> None:
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
