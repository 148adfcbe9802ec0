"""What a handler of user messages is: the class to subclass for a message type of one's own.

Decides nothing. Which handler gets which message, and what becomes of its errors, is decided in ``handler_table``.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar, Protocol, TypeAlias

from rtserver.base.bridge.message import Message
from rtserver.base.wire.client_message import BadMessage, ErrorCode
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.user.seen_offset import SeenOffsets
from rtserver.user.topic.board import Topics
from rtserver.user.user_agent import UserAgent
from rtserver.user.user_limits import UserLimits

Data: TypeAlias = Any
"""The data of a message: an object of the handler's ``request``."""


class RequestError(BadMessage):
    """Raised by a handler, it becomes the message's ``error`` answer: what the client asked for is not possible.

    ``code`` is one of the protocol's seven, or a word of your own for your own pages; the client gets it as it is.
    """

    def __init__(self, message: str, code: ErrorCode | str = ErrorCode.BAD_REQUEST) -> None:
        super().__init__(code, message)


class Users(Protocol):
    """All users who are connected, as far as a handler needs them: the ``UserManager``."""

    topics: Topics
    epoch: str
    """A word that no earlier start of the server has used."""
    limits: UserLimits
    sizes: MessageSizeLimit
    """Which messages clients can take."""

    seen_offsets: SeenOffsets
    """How far the pushed messages have come."""

    @property
    def agents(self) -> Mapping[int, UserAgent]:
        """The open agents by id."""

    @property
    def post(self) -> Callable[[Message], object]:
        """Puts a message on the bridge to the services."""

    def tell_seen(self) -> None:
        """Have noted in Redis what users have seen."""

    def get_users(self, user_id: int | str) -> tuple[UserAgent, ...]:
        """The open agents of a user, in the order in which they came."""


class BaseUserMsgHandler:
    """Handles all messages of one type, of all users. There is one object of it per server, on the websocket thread.

    Every method may be ``async def``. A connection's messages are handled one after the other, the next one only when
    the last one's coroutine has ended; other connections go on meanwhile. What is raised costs the client its
    message, never its connection.
    """

    msg_type: ClassVar[str]
    request: ClassVar[Any] = Any
    """The msgspec shape of ``data``. A mismatch is answered with ``bad_request`` and never seen here."""

    def __init__(self, users: Users) -> None:
        self.users = users

    def on_useragent_open(self, agent: UserAgent) -> Awaitable[object] | None:
        """A connection has come up. No message of it is handled before this has ended."""

    def on_useragent_msg(self, agent: UserAgent, data: Data) -> object:
        """One message, its data as an object of ``request``.

        What is returned, unless it is None, is answered under the message's type and id. Raise ``RequestError`` to
        refuse.
        """

    def on_useragent_request(self, agent: UserAgent, data: Data, request_id: int | str | None) -> object:
        """As ``on_useragent_msg``, which it calls; for a handler whose answer comes later and has to carry the id."""
        return self.on_useragent_msg(agent, data)

    def on_useragent_change(self, agent: UserAgent) -> Awaitable[object] | None:
        """``agent.user`` is not who it was: in other groups, of another name. Subscriptions are judged already.

        It may come while ``on_useragent_open`` of the same agent is still waiting for something.
        """

    def on_useragent_remove(self, agent: UserAgent) -> Awaitable[object] | None:
        """The connection has ended: nothing that is pushed arrives any more. Its subscriptions end by themselves.

        It may come while an ``async`` method of the same agent is still waiting for something.
        """
