"""Limits of one user, over all of the user's connections together: those to the other workers included.

Decides how much is too much, and the reason that the client is told.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from rtserver.base.limit.cpu_quota import CallLater, FairShare, FairShares, ProcessorClock, cpu_rate
from rtserver.base.limit.table import Limit
from rtserver.base.wire.client_message import BadMessage, ErrorCode
from rtserver.base.wire.json_depth import is_deeper
from rtserver.base.wire.json_number import SLOW_NUMBERS_TEXT, has_more_slow_numbers
from tcelib.limit.table import LimitCounts
from tcelib.limit.tally import Counts, LocalTally, Tally
from tcelib.limit.token_bucket import rate_of
from tcelib.limit.too_many import TooMany

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

    ``connections``, ``charts`` and ``topics`` count what users have open, by the users' ids: for all processes of the
    ``tally`` where there is a bound. ``clock`` gives monotonic seconds, ``cpu_clock`` the processor time of this
    thread. ``call_later`` calls by the first; without it, processor time is not limited.
    """

    def __init__(
        self,
        bounds: UserBounds | None = None,
        counted: LimitCounts | None = None,
        clock: Callable[[], float] = time.monotonic,
        call_later: CallLater | None = None,
        cpu_clock: Callable[[], float] = time.thread_time,
        *,
        tally: Tally | None = None,
    ) -> None:
        tally = LocalTally() if tally is None else tally
        self.bounds = bounds = bounds or UserBounds()
        self.connections = _counts(tally, Limit.CONNECTIONS_PER_USER, bounds.connections)
        self.charts = _counts(tally, Limit.CHARTS_PER_USER, bounds.charts)
        self.topics = _counts(tally, Limit.TOPICS_PER_USER, bounds.topics)
        self.counted = LimitCounts(Limit) if counted is None else counted
        self._clock = clock
        self._shares = None
        if bounds.cpu and call_later is not None:
            self._shares = FairShares(
                cpu_rate(bounds.cpu),
                ProcessorClock(clock, cpu_clock),
                call_later,
                on_limit=lambda: self.counted.note(Limit.USER_CPU),
                tally=tally,
            )
        self._pictures = tally.buckets(Limit.PICTURES_PER_USER, rate_of(bounds.pictures))

    def share_of(self, user_id: str) -> FairShare | None:
        """Return the user's processor time on this thread, or None where it is not limited."""
        return None if self._shares is None else self._shares.of(user_id)

    def check_connections(self, user_id: str) -> None:
        """Raise ``TooMany`` if a user may not open one more connection."""
        most = self.bounds.connections
        if most and self.connections.of(user_id) >= most:
            self.counted.note(Limit.CONNECTIONS_PER_USER)
            reason = f"{most} connections of this user are open, which is the limit"
            raise TooMany(Limit.CONNECTIONS_PER_USER, reason, CROWDED_SECONDS)

    def check_charts(self, user_id: str, of_connection: int, most: int) -> None:
        """Raise ``BadMessage`` (rate_limited) if one more chart of a user is too many.

        The connection has ``of_connection`` charts and may have ``most``.
        """
        if of_connection >= most:
            raise self._too_many(Limit.CHARTS_PER_CONNECTION, f"{most} charts are open on this connection")
        bound = self.bounds.charts
        if bound and self.charts.of(user_id) >= bound:
            raise self._too_many(Limit.CHARTS_PER_USER, f"{bound} charts of this user are open")

    def check_topics(self, user_id: str, of_connection: int, most: int) -> None:
        """Raise ``BadMessage`` (rate_limited) if one more topic is too many. The arguments are as in
        ``check_charts``.
        """
        if of_connection >= most:
            raise self._too_many(Limit.TOPICS_PER_CONNECTION, f"{most} topics are open on this connection")
        bound = self.bounds.topics
        if bound and self.topics.of(user_id) >= bound:
            raise self._too_many(Limit.TOPICS_PER_USER, f"{bound} topics of this user are open")

    def check_picture(self, user_id: str) -> None:
        """Raise ``BadMessage`` (rate_limited) if a user asks for too many pictures: charts and topics together."""
        if not self.bounds.pictures:
            return
        now = self._clock()
        if not self._pictures.of(user_id, now).take(now):
            self.counted.note(Limit.PICTURES_PER_USER)
            text = f"too many charts or topics asked for; {self.bounds.pictures:g} a second are allowed"
            raise BadMessage(ErrorCode.RATE_LIMITED, text)

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

    def _too_many(self, limit: Limit, what: str) -> BadMessage:
        self.counted.note(limit)
        return BadMessage(ErrorCode.RATE_LIMITED, f"{what}, which is the limit")


def _counts(tally: Tally, name: str, bound: int) -> Counts:
    """Return the counts of a bound. Without one nobody asks what the other processes have."""
    return (tally if bound else LocalTally()).counts(name)
