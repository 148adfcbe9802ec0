"""A user's agent: one connection of one user, and everything that hangs on it.

Decides what it takes for a subscription to be over, so that nothing outlives its connection. Knows no handler and no
service: what is subscribed to is plain data, and what comes back goes to the owner who asked for it.
"""

import logging
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from itertools import count
from typing import Any, Protocol, TypeAlias

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import Message, Refused, Replay, Snapshot, Subscribe, Unsubscribe, Update
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.limit.steps import Steps, finish
from rtserver.base.wire.client_message import ErrorCode, encode, encode_error
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.base.wire.payload import Framing, Payload
from rtserver.user.identity import Identity
from rtserver.user.policy import ForbiddenError, Rights, ServiceRequest
from rtserver.user.topic.board import Held, Topics
from rtserver.user.topic.subscriber import Draw

log = logging.getLogger(__name__)

Answer: TypeAlias = Replay | Refused
"""An answer of the services to a question of ``UserAgent.ask``."""


class Connection(Protocol):
    """The socket, as far as an agent needs it: ``base.connection.Connection`` is the real one."""

    share: FairShare | None
    """The user's processor time; None where nobody counts it."""

    @property
    def is_open(self) -> bool:
        """Whether a push still has a chance to arrive."""

    @property
    def remote_ip(self) -> str:
        """Where the client is."""

    @property
    def framing(self) -> Framing:
        """How a message becomes what is pushed here; connections of one kind share it."""

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        """Send a whole frame, soon; with a ``key``, only the newest one of that key if the client is slow."""

    def close(self, code: int, reason: str = "") -> None:
        """Begin the close handshake."""


class SubscriptionOwner(Protocol):
    """Who subscribes: a module, a handler. It is told one or the other; a snapshot may be followed by a refusal."""

    def on_snapshot(self, snapshot: Snapshot) -> Steps[None] | None:
        """The subscription stands. Push the picture, then ``join`` the topic: so nothing is missed or doubled.

        An owner who needs long for that returns the rest of it in steps, which are taken when it is the user's turn.
        Until then it must ``hold`` the topic.
        """

    def on_refused(self, refused: Refused) -> None:
        """The subscription is over: before it began, or because the user may not have it any more.

        In the second case leave the topic: what was joined goes on otherwise.
        """


class AgentGoneError(RuntimeError):
    """A subscription for an agent whose connection has ended: nobody would ever end it."""


class UserAgent:
    """One open connection. ``id`` names it on the bridge, ``uid`` to the client and over restarts of the server.

    ``live_from`` is the offset behind which pushed messages come by themselves, None while the server does not know.
    ``modules`` holds the application's per-connection parts by name. ``share`` is the user's processor time on this
    thread, None where nobody counts it.
    """

    __slots__ = (
        "_answers",
        "_asked",
        "_is_gone",
        "_is_lagging",
        "_post",
        "_refs",
        "_rights",
        "_sizes",
        "_subscriptions",
        "_topics",
        "_waiting",
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
        self._subscriptions: dict[int, tuple[SubscriptionOwner, str, ServiceRequest]] = {}  # owner, service, request
        self._answers: dict[int, Callable[[Answer], object]] = {}  # who gets the answer to a question
        self._waiting: dict[int, Message] = {}  # not asked yet, the oldest first
        self._asked: int | None = None  # the ref that a service has yet to answer
        self._is_lagging = False
        self._is_gone = False

    def __str__(self) -> str:
        return f"{self.user.name}#{self.id}"

    @property
    def session_key(self) -> str:
        """The site's session, or the token, that the connection came with."""
        return self.user.session_key

    @property
    def is_open(self) -> bool:
        """Whether a push still has a chance to arrive."""
        return not self._is_gone and self.connection.is_open

    @property
    def subscriptions(self) -> int:
        """How many subscriptions stand or wait for their answer."""
        return len(self._subscriptions)

    def push_message(self, data: object, type: str, id: int | str | None = None) -> None:  # noqa: A002 (the wire's words)
        """Send one message of the JSON protocol.

        Raises ``JsonError`` for data that JSON cannot say, ``MessageTooLargeError`` for what no client could take.
        """
        message = encode(type, data, id)
        self._sizes.check(message, type)
        self._push(message)

    def push_error(
        self,
        code: ErrorCode | str,
        message: str,
        type: str | None = None,  # noqa: A002
        id: int | str | None = None,  # noqa: A002
        **about: object,
    ) -> None:
        """Send an ``error``; ``type`` and ``id`` are those of the message that it answers; see ``encode_error``."""
        self._push(encode_error(code, message, type, id, **about))

    def push(self, message: Payload, key: Hashable | None = None) -> None:
        """Send a message that may be for several agents; ``key`` as in ``Connection.push``."""
        connection = self.connection
        connection.push(message.framed(connection.framing), key)

    def _push(self, message: bytes) -> None:
        connection = self.connection
        connection.push(connection.framing(message))

    def subscribe(self, owner: SubscriptionOwner, service: str, request: ServiceRequest) -> int:
        """Ask a service for something, as plain data. The ``ref`` returned names it in the answer to ``owner``.

        One question is asked at a time, and none while the client lags: a page may ask for more pictures at once than
        may wait for it, and one client's questions must not stand in the way of everybody's. Raises
        ``AgentGoneError`` after the connection's end, ``ForbiddenError`` for what the user may not have.
        """
        if self._is_gone:
            raise AgentGoneError(f"{self} has gone")
        self._rights.check_subscribe(self.user, service, request)
        ref = next(self._refs)
        self._put(ref, Subscribe(self.id, ref, service, request, str(self.user.user_id)))
        self._subscriptions[ref] = (owner, service, request)
        return ref

    def ask(self, question: Callable[[int], Message], on_answer: Callable[[Answer], object]) -> None:
        """Ask the services something that has one answer, in turn with the subscriptions.

        ``question`` makes the message of its ``ref``; the answer, which carries it, goes to ``on_answer``. Raises
        ``AgentGoneError``.
        """
        if self._is_gone:
            raise AgentGoneError(f"{self} has gone")
        ref = next(self._refs)
        self._put(ref, question(ref))
        self._answers[ref] = on_answer

    def unsubscribe(self, ref: int) -> None:
        """End a subscription; one that is over already needs nothing. Leaving its topic is for whoever joined it."""
        subscription = self._subscriptions.pop(ref, None)
        if subscription is None or self._waiting.pop(ref, None) is not None:
            return
        # At the server's end the services may have stopped first, and their subscriptions with them.
        with suppress(BridgeClosedError):
            self._post(Unsubscribe(self.id, ref, subscription[1]))

    def hold(self, topic: str) -> Held:
        """Have what is new on a topic kept until it is joined; see ``Topics.hold``."""
        return self._topics.hold(topic)

    def join(
        self, topic: str, group: Hashable, draw: Draw, rate: float | None = None, missed: Iterable[Update] = ()
    ) -> None:
        """Get what is new on a topic from now on; see ``Topics.join``. After the connection's end: nothing."""
        if not self._is_gone:
            self._topics.join(topic, group, self, draw, rate, missed=missed, share=self.share)

    def change_rate(self, topic: str, group: Hashable, rate: float | None) -> None:
        """Get it so often from now on."""
        self._topics.change_rate(topic, group, self, rate, share=self.share)

    def leave(self, topic: str, group: Hashable) -> None:
        """Get no more of it."""
        self._topics.leave(topic, group, self)

    def kick(self, code: int, reason: str = "") -> None:
        """Close the connection."""
        self.connection.close(code, reason)

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Hand a snapshot to the owner of its subscription. One that was given up meanwhile has none."""
        subscription = self._subscriptions.get(snapshot.ref)
        steps = None if subscription is None else self._tell(subscription[0], snapshot)
        if steps is None:
            self._on_answered(snapshot.ref)
        elif self.share is None:
            finish(self._show(snapshot.ref, steps))
        else:
            self.share.drive(self._show(snapshot.ref, steps))

    def _tell(self, owner: SubscriptionOwner, snapshot: Snapshot) -> Steps[None] | None:
        """Tell the owner of its snapshot, on the user's account. Return the steps that the owner has yet to take."""
        share = self.share
        begun = 0.0 if share is None else share.now()
        try:
            return owner.on_snapshot(snapshot)
        except BaseException:  # noqa: BLE001 (_on_failure logs it)
            self._on_failure(snapshot.ref)
            return None
        finally:
            if share is not None:
                share.spend(begun)

    def _show(self, ref: int, steps: Steps[None]) -> Steps[None]:
        try:
            yield from steps
        except GeneratorExit:
            raise
        except BaseException:  # noqa: BLE001 (as in _tell)
            self._on_failure(ref)
        finally:
            self._on_answered(ref)

    def _on_failure(self, ref: int) -> None:
        log.exception("! %s: the owner of a subscription failed at its snapshot", self)
        # An owner that never joined would never leave either.
        self.unsubscribe(ref)

    def on_refused(self, refused: Refused) -> None:
        """Hand a refusal to the owner of its subscription, which is over with it, or to the one who asked."""
        if refused.ref in self._answers:
            self.on_answer(refused)
            return
        subscription = self._subscriptions.pop(refused.ref, None)
        try:
            if subscription is not None:
                subscription[0].on_refused(refused)
        finally:
            self._on_answered(refused.ref)

    def on_answer(self, answer: Answer) -> None:
        """Hand the answer to a question of ``ask`` to the one who asked."""
        on_answer = self._answers.pop(answer.ref, None)
        try:
            if on_answer is not None:
                on_answer(answer)
        finally:
            self._on_answered(answer.ref)

    def on_user(self, user: Identity) -> None:
        """The user is not who they were: their subscriptions are judged again, and end where the right is lost."""
        self.user = user
        for ref, (owner, service, request) in tuple(self._subscriptions.items()):
            try:
                self._rights.check_subscribe(user, service, request)
            except ForbiddenError as error:
                self._revoke(ref, owner, error)

    def on_lag(self, is_lagging: bool) -> None:
        """The client has begun to lag behind what is sent to it, or has caught up."""
        self._is_lagging = is_lagging
        # At the server's end there is nobody left to ask, and the connection ends too.
        with suppress(BridgeClosedError):
            self._ask_next()

    def end(self) -> None:
        """The connection has ended: give back every subscription and every topic. A second call changes nothing."""
        self._is_gone = True
        self._topics.remove(self)
        self._answers.clear()
        for ref in tuple(self._subscriptions):
            self.unsubscribe(ref)
        self._waiting.clear()

    def _put(self, ref: int, question: Message) -> None:
        if self._asked is None and not self._is_lagging:
            self._post(question)
            self._asked = ref
        else:
            self._waiting[ref] = question

    def _revoke(self, ref: int, owner: SubscriptionOwner, error: ForbiddenError) -> None:
        if ref not in self._subscriptions:
            return  # the owner of another one has given it up
        self.unsubscribe(ref)
        try:
            owner.on_refused(Refused(self.id, ref, error.code, error.message))
        except BaseException:
            # The others that have to end must not depend on it.
            log.exception("! %s: the owner of a subscription failed at its end", self)

    def _on_answered(self, ref: int) -> None:
        if ref == self._asked:
            self._asked = None
            if self._waiting:
                with suppress(BridgeClosedError):
                    self._ask_next()

    def _ask_next(self) -> None:
        if self._asked is None and self._waiting and not self._is_lagging:
            ref, question = next(iter(self._waiting.items()))
            self._post(question)
            del self._waiting[ref]
            self._asked = ref
