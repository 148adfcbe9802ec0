"""Base class of user message handlers, and the objects they work with.

``handler_table`` calls the handlers and answers for their errors.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Protocol, TypeAlias

from rtserver.base.bridge.message import Message
from rtserver.base.wire.client_message import BadMessage, ErrorCode
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.user.policy import Rights
from rtserver.user.seen_offset import SeenOffsets
from rtserver.user.topic.board import Topics
from rtserver.user.user_agent import UserAgent
from rtserver.user.user_limits import UserLimits

Data: TypeAlias = Any
"""The data of a message: an object of the handler's ``request``."""


class RequestError(BadMessage):
    """Refusal of a request. Raised by a handler, it becomes the ``error`` answer of the message.

    ``code`` is one of ``ErrorCode``, or a word of your own that your pages understand.
    """

    def __init__(self, message: str, code: ErrorCode | str = ErrorCode.BAD_REQUEST) -> None:
        super().__init__(code, message)


class Users(Protocol):
    """The part of ``UserManager`` that handlers use: all connected users."""

    topics: Topics
    epoch: str
    """A word that no earlier start of the server has used."""
    limits: UserLimits
    rights: Rights
    """The rules about what users may do."""
    sizes: MessageSizeLimit
    """The largest messages that clients can take."""

    seen_offsets: SeenOffsets
    """The offsets of pushed messages that users have seen."""

    @property
    def agents(self) -> Mapping[int, UserAgent]:
        """The open agents by id."""

    @property
    def post(self) -> Callable[[Message], object]:
        """The function that puts a message on the bridge to the services."""

    def tell_seen(self) -> None:
        """Post the seen offsets that are new, so that Redis keeps them."""

    def get_users(self, user_id: int | str) -> tuple[UserAgent, ...]:
        """The open agents of a user, in the order in which they came."""


class BaseUserMsgHandler:
    """Handler of all messages of one type. One object serves all users, on the websocket thread.

    Every method may be ``async def``. The messages of one connection are handled in order, each after the previous
    one's coroutine has ended; other connections go on meanwhile. An exception costs the client its message, never its
    connection.
    """

    msg_type: ClassVar[str]
    request: ClassVar[Any] = Any
    """The msgspec shape of ``data``. Other data is answered with ``bad_request`` and does not reach the handler."""

    def __init__(self, users: Users) -> None:
        self.users = users

    def on_useragent_open(self, agent: UserAgent) -> Awaitable[object] | None:
        """Prepare for a new connection. No message of it is handled before this has ended."""

    def on_useragent_msg(self, agent: UserAgent, data: Data) -> object:
        """Handle one message, whose data is an object of ``request``.

        A result other than None is sent as the answer, with the message's type and id. Raise ``RequestError`` to
        refuse.
        """

    def on_useragent_request(self, agent: UserAgent, data: Data, request_id: int | str | None) -> object:
        """Handle one message and its id. For handlers that answer later; by default calls ``on_useragent_msg``."""
        return self.on_useragent_msg(agent, data)

    def on_useragent_change(self, agent: UserAgent) -> Awaitable[object] | None:
        """React to a changed ``agent.user``, with another name or other groups. Subscriptions are checked already.

        It may be called while ``on_useragent_open`` of the same agent is still waiting.
        """

    def on_useragent_remove(self, agent: UserAgent) -> Awaitable[object] | None:
        """Give up what is kept for a connection that has ended. Its subscriptions end by themselves.

        It may be called while an ``async`` method of the same agent is still waiting.
        """
