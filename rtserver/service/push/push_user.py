"""Handler of ``pushuser``: a producer's message to users, by their ids.

It decides which users are meant and what clients get, and keeps a message before it is pushed: a user who was away,
or loses the connection, can have it later. Of several workers one keeps all messages. The others push what is for
users who are there and leave the rest undecoded; until a message is kept, the bus has it. A message that no client
could take is refused before it is kept: it would close every connection that it is sent to, now and at each resume.
The other thread knows which users are connected.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from rtserver.base.bridge.message import Deliver, PushedUntil
from rtserver.base.queue.port import START, Entry, Kept, QueuePort, number_of, order_of
from rtserver.base.wire import json
from rtserver.base.wire.client_message import encode_around
from rtserver.base.wire.message_size import MessageSizeLimit, MessageTooLargeError
from rtserver.service.message import PUSH, BadData
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.push.push_choice import PushChoice, UserNews, check_route
from rtserver.service.push.user_streams import EVERYONE, UserStreams, stream_of
from rtserver.service.selective import SelectiveMsgHandler

FULL = 1_000
"""Entries that are kept at once, and those of one message: while Redis keeps the next, these are sent to clients."""
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


class PushUserMsgHandler(SelectiveMsgHandler):
    """Keeps a message for the users that it names, and pushes it to their agents.

    ``sizes`` bounds the messages that clients can take. A message may name ``most_users``; 0 for any number. While it
    ``is_choosing`` it keeps nothing, and pushes what the ``choice`` wants.
    """

    msg_type = PUSH
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
        self._is_keeping = False
        self.choice = PushChoice(services.post)
        streams.derive = self._kept_in

    def begins_behind(self, queue: QueuePort) -> str:
        """See ``ServiceMsgHandler``. All workers keep together, so this one continues where any of them has been."""
        begins_at = self.choice.passed = self._streams.begin()
        return begins_at if number_of(begins_at) else START

    def handle(self, message_id: str, src: str, data: PushUserData) -> None:
        """See ``ServiceMsgHandler``."""
        push = self._push_of(message_id, data, self.entry)
        if self.is_choosing and not self.choice.concerns(push.user_ids):
            self._leave(message_id)
        else:
            self._take(message_id, push)

    def wants(self, to: bytes) -> bool:
        """See ``SelectiveMsgHandler``."""
        return self.choice.wants(to)

    def set_aside(self, entry: Entry) -> None:
        """See ``SelectiveMsgHandler``. Nothing is left to do: another worker keeps it."""
        self._leave(entry.id)

    def take_late(self, entry: Entry) -> None:
        """See ``SelectiveMsgHandler``."""
        for push in self._pushes_in((entry,)):
            self._take(entry.id, push)
        self.choice.passed = entry.id

    def keep_all(self) -> None:
        """Take and keep all messages from now on, and before that what nobody has kept yet."""
        self.choice.forbid()
        if self.is_choosing:
            self.is_choosing = False
            self._streams.must_have(self.choice.passed)

    def leave_to_another(self) -> None:
        """Leave the keeping to another worker, once it is known who is here."""
        self.choice.allow()

    def on_users(self, news: UserNews) -> None:
        """Note who is here, who comes and who goes."""
        self.choice.note(news)
        self.is_choosing = self.choice.may_begin and self.reopen is not None
        self._answer()

    def begin_flush(self) -> Callable[[], object] | None:
        """Begin to keep what has come, to be pushed at the end. At the server's end the next start keeps what the
        queue does not take.
        """
        pushes, kept = self._pushes, [] if self.is_choosing else _entries_of(self._pushes)
        self.forget()
        if not kept:
            if pushes:
                self.services.post(*pushes)
            self._answer()
            return None
        self._is_keeping = True
        wait = self._streams.begin_keep(self._last, kept)

        def finish() -> None:
            try:
                wait()
            finally:
                self._is_keeping = False
            self.services.post(*pushes)
            self._answer()

        if not self.choice.is_asked:
            return finish
        # With the next batch between the halves there would never be a moment to answer, while messages keep coming.
        finish()
        return None

    def forget(self) -> None:
        """See ``ServiceMsgHandler``. A message in the dead stream is not pushed."""
        self._pushes, self._entries, self.is_full, self._is_keeping = [], 0, False, False

    def on_done(self, position: str) -> None:
        """See ``ServiceMsgHandler``. The cursor moves on even if no messages come."""
        if self._pushes:
            return
        if self.is_choosing:
            # Not further: who comes with this offset to another worker would wait there until it is kept.
            position = min(position, self._streams.reached, key=order_of)
        else:
            self._streams.keep(position, [])
        if position != self._done_until:
            self._done_until = position
            self.services.post(PushedUntil(position))

    def _answer(self) -> None:
        """Tell the users who are waiting for it, if all that was taken has been posted."""
        if not self._pushes and not self._is_keeping:
            self.choice.answer()

    def _leave(self, message_id: str) -> None:
        self.choice.left += 1
        self.choice.passed = message_id

    def _take(self, message_id: str, push: Deliver) -> None:
        self._last = self.choice.passed = message_id
        if push.offset is not None:
            self._entries += 1 if push.user_ids is None else len(push.user_ids)
            self.is_full = self._entries >= FULL
        self._pushes.append(push)

    def _push_of(self, message_id: str, data: PushUserData, entry: Entry | None) -> Deliver:
        user_ids = _receivers(data, self._most_users)
        if entry is not None and entry.to:
            check_route(entry.to, user_ids)
        return Deliver(user_ids, self._payload(data, message_id), message_id if data.keep else None)

    def _pushes_in(self, entries: Sequence[Entry]) -> list[Deliver]:
        """Return what some entries push, those of other types left out. May wait."""
        assert self.reopen is not None, "nothing is left alone that cannot be opened"
        found = self.reopen(entries, lambda entry, data: self._push_of(entry.id, data, entry))
        return [each.read for each in found]

    def _kept_in(self, entries: Sequence[Entry]) -> list[Kept]:
        return _entries_of(self._pushes_in(entries))

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


def _entries_of(pushes: Iterable[Deliver]) -> list[Kept]:
    """Return the entries that pushes are kept as."""
    return [
        Kept(stream, push.offset, push.payload)
        for push in pushes
        if push.offset is not None
        for stream in ((EVERYONE,) if push.user_ids is None else map(stream_of, push.user_ids))
    ]


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
