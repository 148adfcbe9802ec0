"""Handler of ``pushuser``: a producer's message to users, by their ids.

It decides which users are meant and what clients get, and keeps a message before it is pushed: a user who was away,
or loses the connection, can have it later. Of several workers one keeps all messages. The others push what is for
users who are there and leave the rest undecoded; until a message is kept, the bus has it. A message that no client
could take is refused before it is kept: it would close every connection that it is sent to, now and at each resume.
The other thread knows which users are connected.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from rtserver.base.bridge.message import Deliver, PushedUntil
from rtserver.base.queue.port import START, Entry, Hint, Kept, QueuePort, number_of, order_of
from rtserver.base.wire import json
from rtserver.base.wire.client_message import encode_around
from rtserver.base.wire.message_size import MessageSizeLimit, MessageTooLargeError
from rtserver.service.message import PUSH, BadData
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.push.early_pushes import EarlyPushes
from rtserver.service.push.push_choice import PushChoice, UserNews, check_route
from rtserver.service.push.push_order import PushOrder
from rtserver.service.push.user_streams import EVERYONE, UserStreams, stream_of
from rtserver.service.selective import SelectiveMsgHandler
from rtserver.service.wait import nothing

FULL = 1_000
"""Entries that are kept at once, and those of one message: while Redis keeps the next, these are sent to clients."""
MOST_HINTS = 10_000
"""Words of other workers that wait here; without them the bus brings the messages."""
MOST_DIRECT_BYTES = 16 * 1024
"""Length of a message that other workers are told of directly. Longer ones would fill Redis and memory."""
RESERVED_TYPES = frozenset(
    {"userinfo", "error", "reconnect", "closed", "resume", "resumed", "resume_lost", "mycharts", "topic", "ping"}
)
"""Types of the server's own messages, which change what a client does or shows."""

RESERVED_NOTICES = ("lag",)
"""The ``code`` of notices that the server sends by itself. Other notices are the producers'."""


_NOTHING: Mapping[str, str] = MappingProxyType({})


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
        self._order = PushOrder()
        self._before: dict[str, str] = {}  # of the pushes of which other workers are told
        self._direct: Sequence[int] = ()
        self._hints: list[Hint] = []
        self.on_late: Callable[[], object] = nothing
        self.choice = PushChoice(services.post)
        self.early = EarlyPushes(self.choice)
        streams.derive = self._kept_in

    def begins_behind(self, queue: QueuePort) -> str:
        """See ``ServiceMsgHandler``. All workers keep together, so this one continues where any of them has been."""
        begins_at = self.choice.passed = self._streams.begin()
        return begins_at if number_of(begins_at) else START

    def handle(self, message_id: str, src: str, data: PushUserData) -> None:
        """See ``ServiceMsgHandler``."""
        push = self._push_of(message_id, data, self.entry)
        if self.is_choosing and (not self.choice.concerns(push.user_ids) or message_id in self.early.ids):
            self._leave(message_id)
        else:
            self._take(message_id, push)

    def wants(self, entry: Entry) -> bool:
        """See ``SelectiveMsgHandler``."""
        return self.choice.wants(entry.to) and entry.id not in self.early.ids

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
            self._order.begin(self.choice.passed)

    def tell_directly(self, leases: Sequence[int]) -> None:
        """Tell the workers with these leases of what is kept for users of theirs, while this one keeps all."""
        if not self._direct:
            self._order.begin(self.choice.passed)
        self._direct = leases

    def on_hints(self, hints: Sequence[Hint]) -> None:
        """Post what another worker has told of, as far as that may be ahead of the bus.

        ``on_late`` is called if something has to wait for the bus.
        """
        self._hints = [*self._hints, *hints][-MOST_HINTS:]
        self._answer()

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
        pushes, kept = self._pushes, [] if self.is_choosing else _entries_of(self._pushes, self._before)
        self.forget()
        if not kept:
            self._post(pushes)
            self._answer()
            return None
        self._is_keeping = True
        wait = self._streams.begin_keep(self._last, kept, self._direct)

        def finish() -> None:
            try:
                wait()
            finally:
                self._is_keeping = False
            self._post(pushes)
            self._answer()

        if not self.choice.is_asked:
            return finish
        # With the next batch between the halves there would never be a moment to answer, while messages keep coming.
        finish()
        return None

    def forget(self) -> None:
        """See ``ServiceMsgHandler``. A message in the dead stream is not pushed."""
        self._pushes, self._entries, self.is_full, self._is_keeping = [], 0, False, False
        if self._before:
            self._before = {}

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
        """Tell the users who are waiting for it, if all that was taken has been posted, and post what is early."""
        if not self._pushes and not self._is_keeping:
            self.choice.answer()
            if self._hints or self.early.ids:
                self._post_early()

    def _post_early(self) -> None:
        hints, self._hints = self._hints, []
        late = self.early.late
        if pushes := self.early.take(hints):
            self.services.post(*pushes)
        if self.early.late != late:
            self.on_late()

    def _post(self, pushes: Sequence[Deliver]) -> None:
        """Post what was not posted early."""
        if ids := self.early.ids:
            pushes = [push for push in pushes if push.offset not in ids]
        if pushes:
            self.services.post(*pushes)

    def _leave(self, message_id: str) -> None:
        self.choice.left += message_id not in self.early.ids
        self.choice.passed = message_id

    def _take(self, message_id: str, push: Deliver) -> None:
        self._last = self.choice.passed = message_id
        if self._direct and not self.is_choosing:
            self._before[message_id] = self._order.note(message_id, push.user_ids)
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


def _entries_of(pushes: Iterable[Deliver], before: Mapping[str, str] = _NOTHING) -> list[Kept]:
    """Return the entries that pushes are kept as. ``before`` is as in ``Kept``, by the id."""
    return [
        Kept(stream, push.offset, push.payload, before.get(push.offset, "") if before and _is_short(push) else "")
        for push in pushes
        if push.offset is not None
        for stream in ((EVERYONE,) if push.user_ids is None else map(stream_of, push.user_ids))
    ]


def _is_short(push: Deliver) -> bool:
    return len(push.payload) <= MOST_DIRECT_BYTES


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
