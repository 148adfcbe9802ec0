"""Limits of one user, over all of the user's connections together.

Decides how much is too much, and the reason that the client is told.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from rtserver.base.limit.cpu_quota import CallLater, FairShare, FairShares, ProcessorClock, cpu_rate
from rtserver.base.limit.table import Limit, LimitCounts
from rtserver.base.limit.token_bucket import TokenBucketTable, rate_of
from rtserver.base.limit.too_many import TooMany
from rtserver.base.wire.client_message import BadMessage, ErrorCode
from rtserver.base.wire.json_depth import is_deeper
from rtserver.base.wire.json_number import SLOW_NUMBERS_TEXT, has_more_slow_numbers

CROWDED_SECONDS = 30


class UserBounds(NamedTuple):
    """Bounds of one user; 0 is no limit.

    ``pictures`` and ``cpu``, in seconds of processor time, are per second. ``depth`` and ``slow_numbers`` are those
    of a message's JSON.
    """

    connections: int = 0
    charts: int = 0
    topics: int = 0
    pictures: float = 0
    cpu: float = 0
    depth: int = 0
    slow_numbers: int = 0


class UserLimits:
    """Enforces ``bounds`` and counts the refusals.

    ``clock`` gives monotonic seconds, ``cpu_clock`` the processor time of this thread. ``call_later`` calls by the
    first; without it, processor time is not limited.
    """

    def __init__(
        self,
        bounds: UserBounds | None = None,
        counted: LimitCounts | None = None,
        clock: Callable[[], float] = time.monotonic,
        call_later: CallLater | None = None,
        cpu_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self.bounds = bounds or UserBounds()
        self.counted = LimitCounts() if counted is None else counted
        self._clock = clock
        self._shares = None
        if self.bounds.cpu and call_later is not None:
            self._shares = FairShares(
                cpu_rate(self.bounds.cpu),
                ProcessorClock(clock, cpu_clock),
                call_later,
                on_limit=lambda: self.counted.note(Limit.USER_CPU),
            )
        self._pictures = TokenBucketTable(rate_of(self.bounds.pictures))

    def share_of(self, user_id: str) -> FairShare | None:
        """Return the user's processor time on this thread, or None where it is not limited."""
        return None if self._shares is None else self._shares.of(user_id)

    def check_connections(self, count: int) -> None:
        """Raise ``TooMany`` if a user with ``count`` connections may not open another one."""
        if 0 < self.bounds.connections <= count:
            self.counted.note(Limit.CONNECTIONS_PER_USER)
            reason = f"{count} connections of this user are open, which is the limit"
            raise TooMany(Limit.CONNECTIONS_PER_USER, reason, CROWDED_SECONDS)

    def check_charts(self, of_connection: int, most: int, of_user: Callable[[], int]) -> None:
        """Raise ``BadMessage`` (rate_limited) if one more chart is too many.

        The connection has ``of_connection`` charts and may have ``most``. ``of_user`` counts its user's charts; it is
        called if those are limited.
        """
        self._check_open("charts", of_connection, most, of_user)

    def check_topics(self, of_connection: int, most: int, of_user: Callable[[], int]) -> None:
        """Raise ``BadMessage`` (rate_limited) if one more topic is too many. The arguments are as in
        ``check_charts``.
        """
        self._check_open("topics", of_connection, most, of_user)

    def check_picture(self, user_id: str) -> None:
        """Raise ``BadMessage`` (rate_limited) if a user asks for too many pictures: charts and topics together."""
        if not self.bounds.pictures:
            return
        now = self._clock()
        if not self._pictures.of(user_id, now).take(now):
            self.counted.note(Limit.PICTURES_PER_USER)
            text = f"too many charts or topics asked for; {self.bounds.pictures:g} a second are allowed"
            raise BadMessage(ErrorCode.RATE_LIMITED, text)

    def _check_open(self, what: str, of_connection: int, most: int, of_user: Callable[[], int]) -> None:
        bound, of_connections, of_users = {
            "charts": (self.bounds.charts, Limit.CHARTS_PER_CONNECTION, Limit.CHARTS_PER_USER),
            "topics": (self.bounds.topics, Limit.TOPICS_PER_CONNECTION, Limit.TOPICS_PER_USER),
        }[what]
        if of_connection >= most:
            self.counted.note(of_connections)
            text = f"{most} {what} are open on this connection, which is the limit"
            raise BadMessage(ErrorCode.RATE_LIMITED, text)
        if bound and of_user() >= bound:
            self.counted.note(of_users)
            raise BadMessage(ErrorCode.RATE_LIMITED, f"{bound} {what} of this user are open, which is the limit")

    def check_json(self, payload: bytes) -> None:
        """Raise ``BadMessage`` (bad_json) for JSON that must not be decoded.

        Costs less than decoding it would.
        """
        depth, slow_numbers = self.bounds.depth, self.bounds.slow_numbers
        if depth and is_deeper(payload, depth):
            self.counted.note(Limit.JSON_DEPTH)
            raise BadMessage(ErrorCode.BAD_JSON, f"nested more than {depth} deep")
        if slow_numbers and has_more_slow_numbers(payload, slow_numbers):
            self.counted.note(Limit.JSON_NUMBERS)
            raise BadMessage(ErrorCode.BAD_JSON, f"more than {slow_numbers} {SLOW_NUMBERS_TEXT}")
