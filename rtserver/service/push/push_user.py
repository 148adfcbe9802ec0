"""Handler of ``pushuser``: a producer's message to users, by their ids.

It decides which users are meant and what clients get, and keeps a message before it is pushed: a user who was away,
or loses the connection, can have it later. A message that no client could take is refused before it is kept: it would
close every connection that it is sent to, now and at each resume. The other thread knows which users are connected.
"""

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from rtserver.base.bridge.message import Deliver, PushedUntil
from rtserver.base.queue.port import START, Kept, QueueError, QueuePort, number_of
from rtserver.base.wire import json
from rtserver.base.wire.client_message import encode_around
from rtserver.base.wire.message_size import MessageSizeLimit, MessageTooLargeError
from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler
from rtserver.service.push.user_streams import EVERYONE, UserStreams, stream_of

BATCH_LIMIT = 10_000  # entries
PART = 1_000
"""Entries that are kept before the first are pushed: while Redis keeps the next, the websocket thread sends these."""
RESERVED_TYPES = frozenset(
    {"userinfo", "error", "reconnect", "closed", "resume", "resumed", "resume_lost", "mycharts", "topic", "ping"}
)
"""Types of the server's own messages, which change what a client does or shows."""

RESERVED_NOTICES = ("lag",)
"""The ``code`` of notices that the server sends by itself. Other notices are the producers'."""


class PushUserData(msgspec.Struct, frozen=True, gc=False):
    """``{"user_id": id, or list of ids, or "*", "type": str, "data": any, "keep"?: bool}``."""

    user_id: int | str | list[int | str]
    type: str
    data: msgspec.Raw
    keep: bool = True


class PushUserMsgHandler(ServiceMsgHandler):
    """Keeps a message for the users that it names, and pushes it to their agents.

    ``sizes`` bounds the messages that clients can take. A message may name ``most_users``; 0 for any number.
    """

    msg_type = "pushuser"
    data_type = PushUserData
    is_light = True

    def __init__(
        self,
        services: ServiceContext,
        streams: UserStreams,
        sizes: MessageSizeLimit | None = None,
        *,
        most_users: int = 0,
    ) -> None:
        super().__init__(services)
        self._streams = streams
        self._sizes = sizes or MessageSizeLimit()
        self._most_users = most_users
        self._pushes: list[Deliver] = []
        self._entries = 0  # that the pushes are kept as
        self._last = START
        self._decode = msgspec.json.Decoder().decode
        self._done_until = START

    def begins_behind(self, queue: QueuePort) -> str:
        """See ``ServiceMsgHandler``. All workers keep together, so this one continues where any of them has been."""
        begins_at = self._streams.begin()
        return begins_at if number_of(begins_at) else START

    def handle(self, message_id: str, src: str, data: PushUserData) -> None:
        """See ``ServiceMsgHandler``."""
        user_ids = _receivers(data, self._most_users)
        payload = self._payload(data, message_id)
        if self._entries >= BATCH_LIMIT:
            # Before this message is collected: if the flush fails, the batch is tried again without it.
            with suppress(QueueError):  # the server's end
                self.flush()
        self._last = message_id
        if data.keep:
            self._entries += 1 if user_ids is None else len(user_ids)
        self._pushes.append(Deliver(user_ids, payload, message_id if data.keep else None))

    def flush(self) -> None:
        """Keep what has come, then push it, in parts. At the server's end the next start keeps what the queue does
        not take.
        """
        while self._pushes:
            part, kept = _first_part(self._pushes)
            if kept:
                # The batch ends only when it is kept: the cursor must not pass over anything.
                is_last = len(part) == len(self._pushes)
                self._streams.keep(self._last if is_last else kept[-1].id, kept)
            del self._pushes[: len(part)]
            self._entries -= len(kept)
            self.services.post(*part)

    def forget(self) -> None:
        """See ``ServiceMsgHandler``. A message in the dead stream is neither kept nor pushed, unless its part of the
        batch has been.
        """
        self._pushes, self._entries = [], 0

    def on_done(self, position: str) -> None:
        """See ``ServiceMsgHandler``. The cursor moves on even if no messages come."""
        if not self._pushes:
            self._streams.keep(position, [])
            if position != self._done_until:
                self._done_until = position
                self.services.post(PushedUntil(position))

    def _payload(self, data: PushUserData, message_id: str) -> bytes:
        try:
            # Decode it all once: a browser closes its connection over text that is no UTF-8.
            said = self._decode(data.data)
        except json.DECODER_ERRORS as error:
            raise BadData(str(json.error_of(error))) from None
        if data.type == "notice" and isinstance(said, dict) and said.get("code") in RESERVED_NOTICES:
            raise BadData(f"a notice with the code {said['code']!r} is the server's own")
        payload = encode_around(data.type, data.data, offset=message_id if data.keep else None)
        try:
            self._sizes.check(payload, data.type)
        except MessageTooLargeError as error:
            raise BadData(str(error)) from None
        return payload


def _first_part(pushes: Sequence[Deliver]) -> tuple[list[Deliver], list[Kept]]:
    """Return the first pushes, and the entries that they are kept as: no more than ``PART`` and those of one push."""
    part: list[Deliver] = []
    kept: list[Kept] = []
    for push in pushes:
        if push.offset is not None:
            if len(kept) >= PART:
                break
            streams = (EVERYONE,) if push.user_ids is None else map(stream_of, push.user_ids)
            kept += [Kept(stream, push.offset, push.payload) for stream in streams]
        part.append(push)
    return part, kept


def _receivers(data: PushUserData, most_users: int) -> tuple[int | str, ...] | None:
    if not data.type:
        raise BadData("type is empty: no client could tell what it is")
    if data.type in RESERVED_TYPES:
        raise BadData(f"type {data.type!r} is the server's own")
    if data.user_id == "*":
        return None
    if not isinstance(data.user_id, list):
        return (data.user_id,)
    if 0 < most_users < len(data.user_id):
        raise BadData(f"user_id names {len(data.user_id)} users; user_ids_per_message allows {most_users}")
    if "*" in data.user_id:
        raise BadData("user_id '*' stands for everyone and is not allowed in a list")
    # A user who is named twice gets one message; 7 and "7" are the same user.
    return tuple({str(user_id): user_id for user_id in data.user_id}.values())
