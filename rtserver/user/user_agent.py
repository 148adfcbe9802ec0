"""Agent of one connection: pushes messages, holds the subscriptions and the modules.

It ends subscriptions, so that none outlives its connection. It knows no handler and no service: a request is plain
data, and the answer goes to the owner that asked.
"""

import logging
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from itertools import count
from typing import Any, Protocol, TypeAlias

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import Delayed, Message, Refused, Replay, Snapshot, Subscribe, Unsubscribe, Update
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.limit.steps import Steps, finish
from rtserver.base.wire.client_message import ErrorCode, encode, encode_error
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.base.wire.payload import Framing, Payload
from rtserver.user.identity import Identity
from rtserver.user.policy import ForbiddenError, Rights, ServiceRequest
from rtserver.user.question_queue import QuestionQueue
from rtserver.user.topic.board import Held, Topics
from rtserver.user.topic.subscriber import Draw

log = logging.getLogger(__name__)

Answer: TypeAlias = Replay | Refused
"""An answer of the services to a question of ``UserAgent.ask``."""


class Connection(Protocol):
    """The part of a connection that an agent uses; ``base.connection.connection.Connection`` is the real one."""

    share: FairShare | None
    """The user's processor time, None if it is not limited."""

    @property
    def is_open(self) -> bool:
        """True while a push can still arrive."""

    @property
    def remote_ip(self) -> str:
        """The client's IP address."""

    @property
    def framing(self) -> Framing:
        """The function from a message to the bytes of a frame. Connections of one kind share it."""

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        """Queue a whole frame. Of frames with one ``key``, a slow client gets only the newest."""

    def close(self, code: int, reason: str = "") -> None:
        """Begin the closing handshake (RFC 6455, section 7)."""


class SubscriptionOwner(Protocol):
    """A subscriber's callbacks, of a module or a handler. One of them is called; a refusal may follow a snapshot."""

    def on_snapshot(self, snapshot: Snapshot) -> Steps[None] | None:
        """Push the picture, then ``join`` the topic. In this order no update is missed or doubled.

        An owner that needs long for it returns the rest as steps, which are taken when it is the user's turn. It must
        ``hold`` the topic until then.
        """

    def on_refused(self, refused: Refused) -> None:
        """Note that the subscription is over: it was refused, or the user has lost the right to it.

        In the second case the owner must ``leave`` the topic that it has joined.
        """


class AgentGoneError(RuntimeError):
    """A subscription or question of an agent whose connection has ended."""


class UserAgent:
    """One open connection of a user.

    ``id`` names it on the bridge; ``uid`` names it to the client and is unique over restarts of the server. Pushed
    messages after the offset ``live_from`` arrive without a resume; None while the server does not know the offset.
    ``modules`` holds the application's per-connection parts by name. ``share`` is the user's processor time on this
    thread, None if it is not limited.
    """

    __slots__ = (
        "_answers",
        "_is_gone",
        "_post",
        "_questions",
        "_refs",
        "_rights",
        "_sizes",
        "_subscriptions",
        "_topics",
        "connection",
        "id",
        "live_from",
        "modules",
        "share",
        "uid",
        "user",
    )

    def __init__(
        self,
        id: int,  # noqa: A002 (an agent's own word for it)
        uid: str,
        user: Identity,
        connection: Connection,
        *,
        post: Callable[[Message], object],
        topics: Topics,
        rights: Rights,
        sizes: MessageSizeLimit,
        live_from: str | None = None,
        share: FairShare | None = None,
    ) -> None:
        self.id = id
        self.uid = uid
        self.user = user
        self.connection = connection
        self.live_from = live_from
        self.modules: dict[str, Any] = {}
        self._post = post
        self._topics = topics
        self._rights = rights
        self.share = share
        self._sizes = sizes
        self._refs = count(1)
        self._subscriptions: dict[
            int, tuple[SubscriptionOwner, str, ServiceRequest]
        ] = {}  # by ref: owner, service, request
        self._answers: dict[int, Callable[[Answer], object]] = {}  # receiver of the answer by ref
        self._questions = QuestionQueue(post)
        self._is_gone = False

    def __str__(self) -> str:
        return f"{self.user.name}#{self.id}"

    @property
    def session_key(self) -> str:
        """The session's key, or the token, that the connection was opened with."""
        return self.user.session_key

    @property
    def is_open(self) -> bool:
        """True while a push can still arrive."""
        return not self._is_gone and self.connection.is_open

    def push_message(
        self,
        data: object,
        type: str,  # noqa: A002 (the wire's words)
        id: int | str | None = None,  # noqa: A002
        key: Hashable | None = None,
    ) -> None:
        """Send one message of the JSON protocol. Of those with one ``key``, a slow client gets only the newest.

        Raises ``JsonError`` for data that JSON cannot express, ``MessageTooLargeError`` for a message that no client
        could take.
        """
        message = encode(type, data, id)
        self._sizes.check(message, type)
        self._push(message, key)

    def push_error(
        self,
        code: ErrorCode | str,
        message: str,
        type: str | None = None,  # noqa: A002
        id: int | str | None = None,  # noqa: A002
        **about: object,
    ) -> None:
        """Send an ``error``. ``type`` and ``id`` are those of the message that it answers; see ``encode_error``."""
        self._push(encode_error(code, message, type, id, **about))

    def push(self, message: Payload, key: Hashable | None = None) -> None:
        """Send a message that several agents may share. ``key`` is as in ``Connection.push``."""
        connection = self.connection
        connection.push(message.framed(connection.framing), key)

    def _push(self, message: bytes, key: Hashable | None = None) -> None:
        connection = self.connection
        connection.push(connection.framing(message), key)

    def subscribe(
        self,
        owner: SubscriptionOwner,
        service: str,
        request: ServiceRequest,
        after: int | None = None,
        elsewhere: tuple[str, int] | None = None,
    ) -> int:
        """Subscribe ``owner`` to a service. Return the ``ref`` that the answer carries.

        ``after`` is the last row that the client has; a service that keeps rows may answer with the later ones.
        ``elsewhere`` is the same with an epoch that is not the server's. Raises ``AgentGoneError`` after the
        connection's end, ``ForbiddenError`` for a request that the policy forbids.
        """
        if self._is_gone:
            raise AgentGoneError(f"{self} has gone")
        self._rights.check_subscribe(self.user, service, request)
        ref = next(self._refs)
        self._questions.put(ref, Subscribe(self.id, ref, service, request, str(self.user.user_id), after, elsewhere))
        self._subscriptions[ref] = (owner, service, request)
        return ref

    def ask(self, question: Callable[[int], Message], on_answer: Callable[[Answer], object]) -> None:
        """Post a question that has one answer, in turn with the subscriptions.

        ``question`` makes the message from its ``ref``; the answer with that ref goes to ``on_answer``. Raises
        ``AgentGoneError``.
        """
        if self._is_gone:
            raise AgentGoneError(f"{self} has gone")
        ref = next(self._refs)
        self._questions.put(ref, question(ref))
        self._answers[ref] = on_answer

    def unsubscribe(self, ref: int) -> None:
        """End a subscription, unless it is over already. The caller leaves the topic that it has joined.

        The next question is asked then: a service whose answer is not ready yet gives none any more.
        """
        subscription = self._subscriptions.pop(ref, None)
        if subscription is None or self._questions.take_back(ref):
            return
        # At shutdown the services may have stopped first, and their subscriptions with them.
        with suppress(BridgeClosedError):
            self._post(Unsubscribe(self.id, ref, subscription[1]))
        self._questions.on_answered(ref)

    def hold(self, topic: str) -> Held:
        """Keep the updates of a topic until it is joined; see ``Topics.hold``."""
        return self._topics.hold(topic)

    def join(
        self, topic: str, group: Hashable, draw: Draw, rate: float | None = None, missed: Iterable[Update] = ()
    ) -> None:
        """Get the updates of a topic from now on; see ``Topics.join``. Does nothing after the connection's end."""
        if not self._is_gone:
            self._topics.join(topic, group, self, draw, rate, missed=missed, share=self.share)

    def change_rate(self, topic: str, group: Hashable, rate: float | None) -> None:
        """Change the rate of a topic's updates; see ``Topics.change_rate``."""
        self._topics.change_rate(topic, group, self, rate, share=self.share)

    def leave(self, topic: str, group: Hashable) -> None:
        """Get no more updates of a topic."""
        self._topics.leave(topic, group, self)

    def kick(self, code: int, reason: str = "") -> None:
        """Close the connection."""
        self.connection.close(code, reason)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Pass a snapshot to the owner of its subscription, unless the subscription has ended.

        The owner's time is charged to the user, and the steps that it has left are taken in the user's turns.
        """
        ref, share = snapshot.ref, self.share
        subscription = self._subscriptions.get(ref)
        steps = None
        if subscription is not None:
            begun = 0.0 if share is None else share.now()
            try:
                steps = subscription[0].on_snapshot(snapshot)
            except BaseException:  # noqa: BLE001 (_on_failure logs it)
                self._on_failure(ref)
            if share is not None:
                share.spend(begun)
        if steps is None:
            self._questions.on_answered(ref)
        elif share is None:
            finish(self._show(ref, steps))
        else:
            share.drive(self._show(ref, steps))

    def _show(self, ref: int, steps: Steps[None]) -> Steps[None]:
        try:
            yield from steps
        except GeneratorExit:
            raise
        except BaseException:  # noqa: BLE001 (as in on_snapshot)
            self._on_failure(ref)
        finally:
            self._questions.on_answered(ref)

    def _on_failure(self, ref: int) -> None:
        log.exception("! %s: the owner of a subscription failed at its snapshot", self)
        # An owner that has not joined will not leave either.
        self.unsubscribe(ref)

    def on_refused(self, refused: Refused) -> None:
        """End a subscription and pass the refusal to its owner, or to the asker of a question."""
        if refused.ref in self._answers:
            self.on_answer(refused)
            return
        subscription = self._subscriptions.pop(refused.ref, None)
        try:
            if subscription is not None:
                subscription[0].on_refused(refused)
        finally:
            self._questions.on_answered(refused.ref)

    def on_answer(self, answer: Answer) -> None:
        """Pass the answer to a question to the callback of ``ask``."""
        on_answer = self._answers.pop(answer.ref, None)
        try:
            if on_answer is not None:
                on_answer(answer)
        finally:
            self._questions.on_answered(answer.ref)

    def on_delayed(self, delayed: Delayed) -> None:
        """Ask the next question: the answer to this one takes long."""
        self._questions.on_delayed(delayed.ref)

    def on_user(self, user: Identity) -> None:
        """Take the changed user. Check each subscription again and end those that are forbidden now."""
        self.user = user
        # Those that wait come first: the end of the one before must not let a forbidden one be asked.
        subscriptions = sorted(self._subscriptions.items(), key=lambda each: each[0] not in self._questions)
        for ref, (owner, service, request) in subscriptions:
            try:
                self._rights.check_subscribe(user, service, request)
            except ForbiddenError as error:
                self._revoke(ref, owner, error)

    def on_lag(self, is_lagging: bool) -> None:
        """Note that the client has begun to lag, or has caught up."""
        self._questions.on_lag(is_lagging)

    def end(self) -> None:
        """End every subscription and leave every topic. A second call does nothing."""
        self._is_gone = True
        self._topics.remove(self)
        self._answers.clear()
        for ref in self._questions:
            self._subscriptions.pop(ref, None)
        self._questions.clear()
        for ref in tuple(self._subscriptions):
            self.unsubscribe(ref)

    def _revoke(self, ref: int, owner: SubscriptionOwner, error: ForbiddenError) -> None:
        if ref not in self._subscriptions:
            return  # another owner has ended it
        self.unsubscribe(ref)
        try:
            owner.on_refused(Refused(self.id, ref, error.code, error.message))
        except BaseException:
            # The other subscriptions must end all the same.
            log.exception("! %s: the owner of a subscription failed at its end", self)
