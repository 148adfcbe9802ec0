"""Registry of connected users and router of their messages, on the websocket thread.

It admits connections, passes their messages to the handlers, and delivers the services' messages to the agents they
name. It fixes the order in which handlers see the life of a connection. It knows no message type, chart or quote.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from itertools import count
from typing import TypeAlias

import rtserver
from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import (
    CloseSession,
    Delayed,
    Deliver,
    DeliverEarly,
    Kick,
    Message,
    PushBegins,
    PushedUntil,
    PushesFrom,
    PushesLost,
    Recheck,
    Refused,
    Replay,
    Seen,
    Snapshot,
    Update,
    WatchUsers,
)
from rtserver.base.failure.cancellation import is_cancelled
from rtserver.base.wire.client_message import encode, exact
from rtserver.base.wire.close_code import CloseCode
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.base.wire.payload import Payload
from rtserver.user.agent_registry import AgentRegistry, Presence
from rtserver.user.delivery import Deliveries, can_join, cost_of
from rtserver.user.drain import Drain
from rtserver.user.group_members import GroupMembers
from rtserver.user.handler_table import HandlerTable
from rtserver.user.identity import Identity
from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.policy import Policy, Rights
from rtserver.user.push_interest import PushInterest
from rtserver.user.seen_offset import SeenOffsets
from rtserver.user.session_watch import Authenticator, SessionWatch
from rtserver.user.topic.board import FanOut, Topics, push_to_each
from rtserver.user.user_agent import Connection, UserAgent
from rtserver.user.user_limits import UserLimits
from tcelib.limit.too_many import UnavailableError

log = logging.getLogger(__name__)

Receiver: TypeAlias = Callable[..., object]
"""The receiver of one kind of message from the bridge. It gets several if they join each other."""

NOTICE = "notice"
RETRY_SECONDS = 5
FEW_ROWS = 16
"""Rows of an update that may be joined. To draw many rows takes long, and the time is looked at between two calls."""


class UserManager:
    """All open agents, and the handler of their connections' events.

    ``handlers`` make the message handlers; each is called with this object and usually is a class. ``post`` puts a
    message on the bridge to the services. ``epoch`` is a word that no earlier start of the server has used.
    ``rights`` says what users may do, ``limits`` how much of it; without them everything is allowed. ``sizes`` bounds
    the messages that clients can take. ``on_look_up_error`` is called when a session cannot be looked up.
    ``presence`` hears of each user's first agent and last, ``groups`` which groups the users are in. ``fan_out`` is
    as in ``Topics``. Raises ``DuplicateHandlerError`` for two handlers of one message type.
    """

    def __init__(
        self,
        handlers: Iterable[Callable[["UserManager"], BaseUserMsgHandler]],
        topics: Topics,
        post: Callable[[Message], object],
        authenticator: Authenticator,
        *,
        epoch: str,
        rights: Rights | None = None,
        limits: UserLimits | None = None,
        sizes: MessageSizeLimit | None = None,
        heartbeat_ms: int = 25_000,
        on_look_up_error: Callable[[], object] = lambda: None,
        presence: Presence | None = None,
        groups: GroupMembers | None = None,
        fan_out: FanOut = push_to_each,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.topics = topics
        self.post = post
        self.epoch = epoch
        self._registry = AgentRegistry(presence, groups)
        self.drain = Drain(self._registry)
        self.seen_offsets = SeenOffsets()
        self._interest = PushInterest(self._registry.by_user, post, self.seen_offsets.on_push)
        self.rights = rights or Rights(Policy())
        self.limits = limits or UserLimits()
        self.sizes = sizes or MessageSizeLimit()
        self._sessions = SessionWatch(self._registry, authenticator, clock, self._on_user_change)
        self._authenticator = authenticator
        self.credential = authenticator.credential
        self._server = {"version": rtserver.__version__, "epoch": epoch}
        self._heartbeat_ms = heartbeat_ms
        self._on_look_up_error = on_look_up_error
        self._ids = count(1)
        self._opening: dict[int, asyncio.Task[None]] = {}
        self._finishing: set[asyncio.Task[None]] = set()
        deliveries = Deliveries(self._registry, self.seen_offsets, fan_out)
        self._receivers: dict[type[Message], Receiver] = {
            Update: topics.update,
            Snapshot: self._on_answer,
            Refused: self._on_answer,
            Replay: self._on_answer,
            Delayed: self._on_answer,
            Deliver: deliveries.deliver,
            DeliverEarly: deliveries.deliver_early,
            PushBegins: lambda message: self.seen_offsets.begin(message.offset),
            PushedUntil: lambda message: self.seen_offsets.on_push(message.offset),
            PushesLost: lambda message: self.seen_offsets.lose(message.offset),
            PushesFrom: self._interest.on_answer,
            WatchUsers: self._interest.on_watch,
            Kick: self._on_kick,
            CloseSession: self._on_close_session,
            Recheck: lambda message: self._sessions.recheck_user(str(message.user_id)),
        }
        self.table = HandlerTable([make(self) for make in handlers], self.rights, self.limits)

    @property
    def agents(self) -> Mapping[int, UserAgent]:
        """The open agents by id."""
        return self._registry.by_id

    @property
    def user_count(self) -> int:
        """The number of users with an open agent."""
        return len(self._registry.by_user)

    def get_users(self, user_id: int | str) -> tuple[UserAgent, ...]:
        """Return the open agents of a user, the oldest first."""
        return self._registry.by_user.get(str(user_id))

    async def recheck_sessions(self) -> None:
        """Look up every session once. Close the connections of sessions that have ended with 4009."""
        await self._sessions.recheck()

    async def wait_rechecked(self) -> None:
        """Wait until every user whose change was reported has been looked up."""
        await self._sessions.wait_rechecked()

    def tell_seen(self) -> None:
        """Post the seen offsets that are new, and which users have gone. Call this about once a second, and at the
        end.
        """
        seen = self.seen_offsets.take_seen()
        # At shutdown the bridge may be closed. A new page may then get some messages twice.
        with suppress(BridgeClosedError):
            if seen:
                self.post(Seen(seen))
            self._interest.sweep()

    async def wait_removed(self) -> None:
        """Wait until the handlers' coroutines for changed and removed agents have ended."""
        while self._finishing:
            await asyncio.wait(self._finishing)

    # From the connections.

    def authenticate(self, credential: str) -> Identity | Awaitable[Identity | None] | None:
        """Return the user of a session's key or a token (``user.session.token``), or None if it is not valid.

        Return an awaitable of that where the site has to be asked. The answer holds for the turn of the event loop in
        which it comes; ``on_open`` must be called in it. Raises ``UnavailableError`` while sessions cannot be looked
        up, ``TooMany`` for a connection too many.
        """
        known = self._authenticator.maybe_known(credential)
        if known is None:
            return self._look_up(credential)
        return self._when_expected(known) if self._interest.must_wait(str(known.user_id)) else self._checked(known)

    def user_id(self, agent: UserAgent) -> str:
        """Return the id of the agent's user."""
        return str(agent.user.user_id)

    def on_open(self, connection: Connection, identity: Identity) -> UserAgent | None:
        """Create the agent of a connection: send userinfo, then call the handlers.

        Return None if a handler has closed the connection. Call this in the turn of the event loop in which
        ``authenticate`` answered.
        """
        share = self.limits.share_of(str(identity.user_id))
        if share is not None:
            connection.share = share
        number = next(self._ids)
        agent = UserAgent(
            number,
            f"{self.epoch}-{number}",
            identity,
            connection,
            post=self.post,
            topics=self.topics,
            rights=self.rights,
            sizes=self.sizes,
            live_from=self.seen_offsets.offset_for(str(identity.user_id)),
            share=share,
        )
        self._registry.add(agent)
        self.limits.connections.add(str(identity.user_id))
        self._sessions.on_open(agent)
        agent.push_message(self._userinfo(agent), "userinfo")
        if self.drain.has_begun:
            self.drain.close_late(agent)
        rest = self.table.open(agent)
        if rest is not None:
            self._open_later(agent, rest)
        if not connection.is_open:
            # A handler closed it before the connection knew its agent.
            self.on_close(agent, CloseCode.ABNORMAL)
            return None
        return agent

    def on_text(self, agent: UserAgent, payload: bytes) -> Awaitable[object] | None:
        """Handle one message. If an awaitable is returned, it must end before the next message is given."""
        if self._opening:
            opening = self._opening.get(agent.id)
            if opening is not None:
                return self._dispatch_after(opening, agent, payload)
        return self.table.dispatch(agent, payload)

    def on_lag(self, agent: UserAgent, is_lagging: bool) -> None:
        """Tell a client that updates are left out from now on, or that they are complete again."""
        agent.on_lag(is_lagging)
        notice = encode(NOTICE, {"code": "lag", "lagging": is_lagging})
        agent.push(Payload(notice), (NOTICE, "lag"))

    def on_close(self, agent: UserAgent, code: int) -> None:
        """Remove the agent: its subscriptions and topics end, and the handlers are told."""
        self._registry.remove(agent)
        self._interest.went(str(agent.user.user_id))
        self.limits.connections.remove(str(agent.user.user_id))
        opening = self._opening.get(agent.id)
        rest = self.table.remove(agent) if opening is None else self._remove_after(opening, agent)
        agent.end()
        if self.seen_offsets.on_remove(agent):
            self.tell_seen()
        if rest is not None:
            self._finish_later(rest)

    # From the services.

    def receive(self, kind: type[Message], receiver: Receiver) -> None:
        """Pass messages of one more kind to ``receiver``, one by one, or several that join each other."""
        self._receivers[kind] = receiver

    def joins(self, message: Message, following: Message) -> bool:
        """Return True if two messages from the bridge may be handled together; see ``Mailbox.drain``."""
        if isinstance(message, Deliver):
            return isinstance(following, Deliver) and can_join(message, following)
        return (
            isinstance(message, Update)
            and isinstance(following, Update)
            and message.topic == following.topic
            and len(message.payload) <= FEW_ROWS
            and len(following.payload) <= FEW_ROWS
            and self.topics.can_join(message.topic)
        )

    def handle(self, *messages: Message) -> float | None:
        """Handle a message from the bridge, or several that join each other. Never raises.

        Return for how many messages they count in a turn; None for themselves. See ``Mailbox.drain``.
        """
        kind = type(messages[0])
        try:
            self._receivers[kind](*messages)
        except BaseException:  # a module may raise anything
            log.exception("! a %s from the services could not be handled", kind.__name__)
        pushes = [message for message in messages if isinstance(message, Deliver)]
        return cost_of(pushes) if pushes else None

    def _on_answer(self, message: Snapshot | Refused | Replay | Delayed) -> None:
        agent = self._registry.by_id.get(message.agent)
        if agent is None:
            return
        if isinstance(message, Snapshot):
            agent.on_snapshot(message)
        elif isinstance(message, Replay):
            agent.on_answer(message)
        elif isinstance(message, Delayed):
            agent.on_delayed(message)
        else:
            agent.on_refused(message)

    def _on_kick(self, message: Kick) -> None:
        for agent in self.get_users(message.user_id):
            agent.kick(CloseCode.KICKED, message.reason)

    def _on_close_session(self, message: CloseSession) -> None:
        self._sessions.close(message.session_key)

    async def _look_up(self, credential: str) -> Identity | None:
        try:
            identity = await self._authenticator.look_up(credential)
        except BaseException as error:
            if is_cancelled(error):
                raise
            log.exception("! a session could not be looked up")
            self._on_look_up_error()
            raise UnavailableError("sessions cannot be looked up at the moment", RETRY_SECONDS) from None
        return None if identity is None else await self._when_expected(identity)

    async def _when_expected(self, identity: Identity) -> Identity | None:
        """Return the user once the services push to that user."""
        user_id = str(identity.user_id)
        if self._interest.must_wait(user_id):
            await self._interest.wait(user_id)
        return self._checked(identity)

    def _checked(self, identity: Identity) -> Identity | None:
        """Return a user who may open one more connection. The session may have been closed during its look-up."""
        if self._sessions.closed.has_any(identity.session_key):
            return None
        self.limits.check_connections(str(identity.user_id))
        return identity

    def _userinfo(self, agent: UserAgent) -> dict[str, object]:
        return {
            "uid": agent.uid,
            "user": {"id": exact(agent.user.user_id), "name": agent.user.name},
            "server": self._server,
            "heartbeat_ms": self._heartbeat_ms,
            "offset": agent.live_from,
        }

    def _on_user_change(self, agent: UserAgent, user: Identity) -> None:
        agent.on_user(user)
        self._registry.on_user_change(user)
        rest = self.table.change(agent)
        if rest is not None:
            self._finish_later(rest)

    def _finish_later(self, rest: Awaitable[object]) -> None:
        task = asyncio.ensure_future(_until_done(rest))
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    def _open_later(self, agent: UserAgent, rest: Awaitable[object]) -> None:
        task = asyncio.ensure_future(_until_done(rest))
        self._opening[agent.id] = task
        task.add_done_callback(lambda _: self._opening.pop(agent.id))

    async def _dispatch_after(self, opening: asyncio.Task[None], agent: UserAgent, payload: bytes) -> None:
        await asyncio.shield(opening)
        pending = self.table.dispatch(agent, payload)
        if pending is not None:
            await pending

    async def _remove_after(self, opening: asyncio.Task[None], agent: UserAgent) -> None:
        await opening
        pending = self.table.remove(agent)
        if pending is not None:
            await pending


async def _until_done(rest: Awaitable[object]) -> None:
    """Await anything awaitable: a task needs a coroutine."""
    await rest
