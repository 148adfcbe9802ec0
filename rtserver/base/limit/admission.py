"""Who may come in, by where they come from: how many are here already, and how fast they come.

Decides before anything is looked up, so that a refusal costs next to nothing. Who they are is asked later, by others.
Pure: the time is passed in.
"""

from rtserver.base.limit.address import neighbourhood
from rtserver.base.limit.table import AdmissionLimits, Limit, LimitCounts
from rtserver.base.limit.token_bucket import TokenBucket, TokenBucketTable, rate_of
from rtserver.base.limit.too_many import TooMany

FULL_SECONDS = 5
CROWDED_SECONDS = 30
NO_LIMITS = AdmissionLimits()


class Admission:
    """Counts those inside. ``full`` says why nobody may come in just now; empty while somebody may.

    Without ``limits`` everybody may, and is not even counted.
    """

    def __init__(self, limits: AdmissionLimits = NO_LIMITS, counted: LimitCounts | None = None) -> None:
        self.limits = limits
        self.counted = LimitCounts() if counted is None else counted
        self.full = ""
        self._inside: dict[str, int] = {}
        self._all = TokenBucket(rate_of(limits.handshakes))
        self._by_ip = TokenBucketTable(rate_of(limits.handshakes_per_ip))
        self._secure_by_ip = TokenBucketTable(rate_of(limits.handshakes_per_ip))
        self._requests = TokenBucket(rate_of(limits.requests))
        self._requests_by_ip = TokenBucketTable(rate_of(limits.requests_per_ip))

    def __len__(self) -> int:
        """From how many addresses people are inside; 0 where they are not counted."""
        return len(self._inside)

    def check_files(self, number: int) -> None:
        """Whether an open file of that ``number`` leaves enough others; the system gives out the lowest that is free.

        Raises ``TooMany``.
        """
        if 0 < self.limits.files < number:
            raise self._refusal(Limit.FILES, "the server has no room for more connections", FULL_SECONDS)

    def admit(self, ip: str, now: float) -> None:
        """Let one more handshake through, whose connection counts until ``leave``. Raises ``TooMany``."""
        limits = self.limits
        if self.full:
            raise self._refusal(Limit.MEMORY, self.full, FULL_SECONDS)
        key = neighbourhood(ip)
        if limits.handshakes_per_ip:
            bucket = self._by_ip.of(key, now)
            if not bucket.take(now):
                raise self._too_many_handshakes(bucket.wait(now))
        if limits.handshakes and not self._all.take(now):
            reason = "too many handshakes at the moment"
            raise self._refusal(Limit.HANDSHAKES, reason, self._all.wait(now))
        self._count(key)

    def admit_secure(self, ip: str, now: float) -> None:
        """Let one more handshake of TLS through, before it costs anything. Raises ``TooMany``.

        They are counted by themselves: behind one of them a page may come, or a handshake that ``admit`` counts.
        """
        if self.limits.handshakes_per_ip:
            bucket = self._secure_by_ip.of(neighbourhood(ip), now)
            if not bucket.take(now):
                raise self._too_many_handshakes(bucket.wait(now))

    def admit_request(self, ip: str, now: float) -> None:
        """Let one more request of plain HTTP through, also while ``full``: it is soon over, and may ask why.

        Raises ``TooMany``.
        """
        limits = self.limits
        if limits.requests_per_ip:
            bucket = self._requests_by_ip.of(neighbourhood(ip), now)
            if not bucket.take(now):
                raise self._too_many_requests(bucket.wait(now))
        if limits.requests and not self._requests.take(now):
            raise self._refusal(Limit.REQUESTS, "too many requests at the moment", self._requests.wait(now))

    def check_requests(self, ip: str, now: float) -> None:
        """Refuse a connection whose first request ``admit_request`` would refuse, before it costs anything more.

        Raises ``TooMany``.
        """
        if self.limits.requests_per_ip:
            seconds = self._requests_by_ip.of(neighbourhood(ip), now).wait(now)
            if seconds > 0:
                raise self._too_many_requests(seconds)

    def enter(self, ip: str) -> None:
        """Let one more connection in that brings no handshake; it counts until ``leave``. Raises ``TooMany``."""
        self._count(neighbourhood(ip))

    def leave(self, ip: str) -> None:
        """Count a connection no longer."""
        if not self.limits.connections_per_ip:
            return
        key = neighbourhood(ip)
        count = self._inside[key]
        if count > 1:
            self._inside[key] = count - 1
        else:
            del self._inside[key]

    def _count(self, key: str) -> None:
        most = self.limits.connections_per_ip
        if not most:
            return
        count = self._inside.get(key, 0)
        if count >= most:
            reason = f"{most} connections are open from your address, which is the limit"
            raise self._refusal(Limit.CONNECTIONS_PER_IP, reason, CROWDED_SECONDS)
        self._inside[key] = count + 1

    def _too_many_handshakes(self, seconds: float) -> TooMany:
        return self._refusal(Limit.HANDSHAKES_PER_IP, "too many handshakes from your address", seconds)

    def _too_many_requests(self, seconds: float) -> TooMany:
        return self._refusal(Limit.REQUESTS_PER_IP, "too many requests from your address", seconds)

    def _refusal(self, limit: Limit, reason: str, seconds: float) -> TooMany:
        self.counted.note(limit)
        return TooMany(limit, reason, seconds)
