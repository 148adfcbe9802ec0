"""PushChoice: which pushed messages this worker takes, while another one keeps all of them.

Pure. It takes those for users who are here, and for everyone. The websocket thread says who is here: all at first,
then each user before the first connection opens, which waits for the answer. The answer is an offset: what lies
behind it is pushed, and what lies before it is to be resumed. So each message is one of the two, wherever its user
goes.
"""

from collections.abc import Callable, Collection
from typing import TypeAlias

from rtserver.base.bridge.message import ExpectUser, GoneUsers, PresentUsers, PushesFrom, WatchUsers
from rtserver.base.queue.port import START
from rtserver.service.message import BadData

UserNews: TypeAlias = PresentUsers | ExpectUser | GoneUsers
_EVERYONE = b"*"


class PushChoice:
    """The choice of one worker. ``left`` counts messages that it left alone.

    ``passed`` is the last message that was taken, or left, here. ``post`` puts messages on the bridge.
    """

    def __init__(self, post: Callable[..., object]) -> None:
        self.passed = START
        self.left = 0
        self._post = post
        self._is_allowed = False
        self._watch = 0
        self._here: set[bytes] | None = None
        self._expected: list[str] = []

    @property
    def may_begin(self) -> bool:
        """True if another worker keeps, and it is known who is here."""
        return self._here is not None

    def allow(self) -> None:
        """Note that another worker keeps all messages: ask who is here."""
        if not self._is_allowed:
            self._is_allowed = True
            self._watch += 1
            self._post(WatchUsers(self._watch))

    def forbid(self) -> None:
        """Take all messages from now on."""
        if self._is_allowed:
            self._is_allowed, self._here = False, None
            self._post(WatchUsers(0))

    def note(self, news: UserNews) -> None:
        """Note who is here. An answer to a question of before, when others may have come unsaid, does not count."""
        match news:
            case PresentUsers(watch, user_ids):
                if self._is_allowed and watch == self._watch:
                    self._here = {_EVERYONE, *map(str.encode, user_ids)}
            case ExpectUser(user_id):
                self._expected.append(user_id)
                if self._here is not None:
                    self._here.add(user_id.encode())
            case GoneUsers(user_ids):
                if self._here is not None:
                    self._here.difference_update(map(str.encode, user_ids))

    @property
    def is_asked(self) -> bool:
        """True if a user waits for an answer."""
        return bool(self._expected)

    def answer(self) -> None:
        """Say from where on pushes to new users come. To be called when all that was taken has been posted."""
        if self._expected:
            users, self._expected = tuple(self._expected), []
            self._post(PushesFrom(users, self.passed))

    def wants(self, to: bytes) -> bool:
        """Return whether a user whom a route names is here."""
        here = self._here
        if here is None or to in here:
            return True
        return b" " in to and not here.isdisjoint(to.split(b" "))

    def is_here(self, user_id: str) -> bool:
        """Return whether it is known that a user is here."""
        return self._here is not None and user_id.encode() in self._here

    def concerns(self, user_ids: Collection[int | str] | None) -> bool:
        """Return whether one of some users is here; None stands for everyone."""
        here = self._here
        return here is None or user_ids is None or any(str(user_id).encode() in here for user_id in user_ids)


def check_route(to: bytes, user_ids: Collection[int | str] | None) -> None:
    """Raise ``BadData`` if a message has a user whom its route does not name: who goes by that would miss it."""
    if user_ids is not None and len(user_ids) == 1 and str(*user_ids).encode() == to:
        return  # nearly all
    named = to.split(b" ")
    for user_id in ("*",) if user_ids is None else user_ids:
        if str(user_id).encode() not in named:
            raise BadData(f"to does not name user {user_id}")
