"""PushInterest: tells the services which users are here, while these push to nobody else.

A user's first connection opens only when the services have answered: they say the offset behind which they push to
that user, so ``userinfo`` can say from where on messages come. With one server nobody asks, and nothing is told.
"""

import asyncio
from collections.abc import Callable

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import ExpectUser, GoneUsers, Message, PresentUsers, PushesFrom, WatchUsers
from rtserver.user.agent_registry import AgentIndex
from tcelib.limit.too_many import UnavailableError

ANSWER_SECONDS = 5.0
"""Time for an answer. It comes within a millisecond, unless the service thread stands still."""
RETRY_SECONDS = 5
REFUSAL = "pushed messages cannot be had at the moment"


class PushInterest:
    """Interest in the users of ``by_user``. ``on_offset`` hears up to where nothing more is pushed."""

    def __init__(
        self,
        by_user: AgentIndex,
        post: Callable[[Message], object],
        on_offset: Callable[[str], object],
        *,
        seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._by_user = by_user
        self._post = post
        self._on_offset = on_offset
        self._seconds = seconds
        self._watch = 0
        self._told: set[str] = set()
        self._waiting: dict[str, int] = {}  # users whose connections wait, and how many do
        self._asked: dict[str, asyncio.Future[None]] = {}
        self._loose: set[str] = set()  # users who may have no connection any more

    def must_wait(self, user_id: str) -> bool:
        """Return True if the services do not push to this user yet."""
        return self._watch != 0 and user_id not in self._told

    async def wait(self, user_id: str) -> None:
        """Wait until the services push to a user, whose connection has to open in the same turn of the event loop.

        Raises ``UnavailableError`` if they do not answer.
        """
        answer = self._asked.get(user_id) or self._ask(user_id)
        self._waiting[user_id] = self._waiting.get(user_id, 0) + 1
        try:
            async with asyncio.timeout(self._seconds):
                await asyncio.shield(answer)
        except TimeoutError:
            raise UnavailableError(REFUSAL, RETRY_SECONDS) from None
        finally:
            self._loose.add(user_id)
            self._waiting[user_id] -= 1
            if not self._waiting[user_id]:
                del self._waiting[user_id]

    def went(self, user_id: str) -> None:
        """Note that a connection of a user has closed."""
        if self._watch:
            self._loose.add(user_id)

    def sweep(self) -> None:
        """Tell the services who has gone. To be called about once a second."""
        loose, self._loose = self._loose, set()
        gone = [user_id for user_id in loose if user_id in self._told and not self._is_needed(user_id)]
        if gone and self._watch:
            self._told.difference_update(gone)
            self._post(GoneUsers(tuple(gone)))

    def on_watch(self, message: WatchUsers) -> None:
        """Begin to tell who comes and goes, or end it."""
        self._watch = message.watch
        self._loose.clear()
        if self._watch:
            self._told = {*self._by_user.names(), *self._waiting} - self._asked.keys()
            self._post(PresentUsers(self._watch, (*self._told, *self._asked)))

    def on_answer(self, message: PushesFrom) -> None:
        """Let the connections of some users open."""
        self._on_offset(message.offset)
        for user_id in message.user_ids:
            self._told.add(user_id)
            answer = self._asked.pop(user_id, None)
            if answer is not None and not answer.done():
                answer.set_result(None)
            if not self._is_needed(user_id):
                self._loose.add(user_id)

    def _ask(self, user_id: str) -> asyncio.Future[None]:
        try:
            self._post(ExpectUser(user_id))
        except BridgeClosedError:
            raise UnavailableError(REFUSAL, RETRY_SECONDS) from None
        answer = self._asked[user_id] = asyncio.get_running_loop().create_future()
        return answer

    def _is_needed(self, user_id: str) -> bool:
        return user_id in self._waiting or bool(self._by_user.get(user_id))
