"""Dispatch of user messages to their handlers.

Only this file calls handlers. An exception of a handler, ``SystemExit`` included, costs the message it was handling:
the client gets an ``error`` answer, the log a traceback, and the connection stays open.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import TypeAlias, cast

import msgspec

from rtserver.base.failure.cancellation import is_cancelled
from rtserver.base.wire.client_message import BadMessage, ClientMessage, ErrorCode, decode, decode_data
from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.policy import Rights
from rtserver.user.user_agent import UserAgent
from rtserver.user.user_limits import UserLimits

log = logging.getLogger(__name__)

Hook: TypeAlias = Callable[[UserAgent], object]


class DuplicateHandlerError(ValueError):
    """Two handlers claim one message type."""

    def __init__(self, msg_type: str, first: object, second: object) -> None:
        super().__init__(msg_type, first, second)
        self.msg_type = msg_type
        self.first = first
        self.second = second

    def __str__(self) -> str:
        names = " and ".join(
            f"{type(each).__module__}.{type(each).__qualname__}" for each in (self.first, self.second)
        )
        return f'the message type "{self.msg_type}" is claimed by two handlers: {names}'


class HandlerTable:
    """The handlers by message type. The policy is asked before each message.

    ``failures`` counts exceptions other than ``BadMessage``. Raises ``DuplicateHandlerError``.
    """

    def __init__(
        self, handlers: Iterable[BaseUserMsgHandler], rights: Rights, limits: UserLimits | None = None
    ) -> None:
        self.failures = 0
        self._rights = rights
        self._limits = limits or UserLimits()
        # A shorter message can neither nest too deep nor hold too many slow numbers.
        bounds = self._limits.bounds
        self._unchecked_bytes = min(filter(None, (bounds.depth, bounds.slow_numbers)), default=math.inf)
        self._rows: dict[str, tuple[BaseUserMsgHandler, msgspec.json.Decoder[object]]] = {}
        for handler in handlers:
            known = self._rows.get(handler.msg_type)
            if known is not None:
                raise DuplicateHandlerError(handler.msg_type, known[0], handler)
            self._rows[handler.msg_type] = (handler, msgspec.json.Decoder(handler.request))

    @property
    def handlers(self) -> Mapping[str, BaseUserMsgHandler]:
        """The handlers by message type."""
        return {msg_type: handler for msg_type, (handler, _) in self._rows.items()}

    def open(self, agent: UserAgent) -> Awaitable[object] | None:
        """Tell every handler of a new agent, in order. A returned awaitable is the rest of it."""
        return self._run(iter([handler.on_useragent_open for handler, _ in self._rows.values()]), agent)

    def change(self, agent: UserAgent) -> Awaitable[object] | None:
        """Tell every handler that an agent's user has changed, in order. Return as ``open``."""
        return self._run(iter([handler.on_useragent_change for handler, _ in self._rows.values()]), agent)

    def remove(self, agent: UserAgent) -> Awaitable[object] | None:
        """Tell every handler of an agent's end, in reverse order: a handler may build on those before it."""
        return self._run(iter([handler.on_useragent_remove for handler, _ in reversed(self._rows.values())]), agent)

    def dispatch(self, agent: UserAgent, payload: bytes) -> Awaitable[object] | None:
        """Handle one message. A returned awaitable must end before the agent's next message."""
        try:
            if len(payload) > self._unchecked_bytes:
                self._limits.check_json(payload)
            message = decode(payload)
        except BadMessage as error:
            agent.push_error(error.code, error.message)
            return None
        row = self._rows.get(message.type)
        if row is None:
            text = f'no handler for messages of type "{message.type}"'
            agent.push_error(ErrorCode.UNKNOWN_TYPE, text, message.type, message.id)
            return None
        handler, decoder = row
        try:
            self._rights.check_send(agent.user, message.type)
            answer = handler.on_useragent_request(agent, decode_data(message.data, decoder), message.id)
            if hasattr(answer, "__await__"):
                return self._finish(agent, message, cast(Awaitable[object], answer))
            if answer is not None:
                agent.push_message(answer, message.type, message.id)
        except BaseException as error:  # noqa: BLE001 (a handler may raise anything; _fail answers and logs it)
            self._fail(agent, message, error)
        return None

    async def _finish(self, agent: UserAgent, message: ClientMessage, pending: Awaitable[object]) -> None:
        try:
            answer = await pending
            if answer is not None:
                agent.push_message(answer, message.type, message.id)
        except BaseException as error:
            if is_cancelled(error):
                raise
            self._fail(agent, message, error)

    def _fail(self, agent: UserAgent, message: ClientMessage, error: BaseException) -> None:
        try:
            if isinstance(error, BadMessage):
                agent.push_error(error.code, error.message, message.type, message.id)
                return
        except BaseException as failure:  # noqa: BLE001 (the text of a handler's own class may raise anything)
            error = failure
        self.failures += 1
        log.error("! %s: the handler of %r failed", agent, message.type, exc_info=error)
        agent.push_error(ErrorCode.INTERNAL, "the server failed on this message", message.type, message.id)

    def _run(self, hooks: Iterator[Hook], agent: UserAgent) -> Awaitable[object] | None:
        """Call the hooks in order. From the first asynchronous one on, they run in the returned awaitable."""
        for hook in hooks:
            try:
                pending = hook(agent)
            except BaseException as error:  # noqa: BLE001 (as in dispatch)
                self._note_failure(hook, agent, error)
            else:
                if hasattr(pending, "__await__"):
                    return self._run_on(hook, cast(Awaitable[object], pending), hooks, agent)
        return None

    async def _run_on(self, hook: Hook, pending: Awaitable[object], hooks: Iterator[Hook], agent: UserAgent) -> None:
        try:
            await pending
        except BaseException as error:
            if is_cancelled(error):
                raise
            self._note_failure(hook, agent, error)
        rest = self._run(hooks, agent)
        if rest is not None:
            await rest

    def _note_failure(self, hook: Hook, agent: UserAgent, error: BaseException) -> None:
        self.failures += 1
        log.error("! %s: %s failed", agent, getattr(hook, "__qualname__", hook), exc_info=error)
