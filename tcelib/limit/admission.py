"""Admission of connections, handshakes and requests by their addresses: their number, and their rate.

Decides before anything is looked up, so that a refusal costs next to nothing. The user is not known yet. Pure: the
time is passed in.
"""

from tcelib.limit.address import neighbourhood
from tcelib.limit.table import AdmissionLimits, DoorLimit, LimitCounts
from tcelib.limit.tally import LocalTally, Tally
from tcelib.limit.token_bucket import rate_of
from tcelib.limit.too_many import TooMany

FULL_SECONDS = 5
CROWDED_SECONDS = 30
NO_LIMITS = AdmissionLimits()


class Admission:
    """Counts of open connections, and buckets for handshakes and requests.

    ``full`` is the reason why no handshake is let through at the moment; empty otherwise. Without ``limits``
    everything is let through, and nothing is counted. The limits hold for all processes of the ``tally``.
    """

    def __init__(
        self,
        limits: AdmissionLimits = NO_LIMITS,
        counted: LimitCounts | None = None,
        tally: Tally | None = None,
    ) -> None:
        self.limits = limits
        self.counted = LimitCounts() if counted is None else counted
        self.tally = tally = LocalTally() if tally is None else tally
        self.full = ""
        self._inside = tally.counts(DoorLimit.CONNECTIONS_PER_IP)
        handshakes_per_ip, requests_per_ip = rate_of(limits.handshakes_per_ip), rate_of(limits.requests_per_ip)
        self._all = tally.bucket(DoorLimit.HANDSHAKES, rate_of(limits.handshakes))
        self._by_ip = tally.buckets(DoorLimit.HANDSHAKES_PER_IP, handshakes_per_ip)
        self._secure_by_ip = tally.buckets(f"{DoorLimit.HANDSHAKES_PER_IP} tls", handshakes_per_ip)
        self._requests = tally.bucket(DoorLimit.REQUESTS, rate_of(limits.requests))
        self._requests_by_ip = tally.buckets(DoorLimit.REQUESTS_PER_IP, requests_per_ip)

    def __len__(self) -> int:
        """Return the number of addresses with an open connection here; 0 where connections are not counted."""
        return len(self._inside)

    def check_files(self, number: int) -> None:
        """Refuse a connection whose open file has a ``number`` over the limit.

        The system gives out the lowest number that is free. Raises ``TooMany``.
        """
        if 0 < self.limits.files < number:
            raise self._refusal(DoorLimit.FILES, "the server has no room for more connections", FULL_SECONDS)

    def admit(self, ip: str, now: float) -> None:
        """Let one more handshake through, and count its connection until ``leave``. Raises ``TooMany``."""
        limits = self.limits
        if self.full:
            raise self._refusal(DoorLimit.MEMORY, self.full, FULL_SECONDS)
        key = neighbourhood(ip)
        if limits.handshakes_per_ip:
            bucket = self._by_ip.of(key, now)
            if not bucket.take(now):
                raise self._too_many_handshakes(bucket.wait(now))
        if limits.handshakes and not self._all.take(now):
            reason = "too many handshakes at the moment"
            raise self._refusal(DoorLimit.HANDSHAKES, reason, self._all.wait(now))
        self._count(key)

    def admit_secure(self, ip: str, now: float) -> None:
        """Let one more handshake of TLS through, before it costs anything. Raises ``TooMany``.

        These have buckets of their own: a request for a page may follow, or a handshake that ``admit`` counts.
        """
        if self.limits.handshakes_per_ip:
            bucket = self._secure_by_ip.of(neighbourhood(ip), now)
            if not bucket.take(now):
                raise self._too_many_handshakes(bucket.wait(now))

    def admit_request(self, ip: str, now: float) -> None:
        """Let one more request of plain HTTP through, even while ``full``: it is short, and may ask for the reason.

        Raises ``TooMany``.
        """
        limits = self.limits
        if limits.requests_per_ip:
            bucket = self._requests_by_ip.of(neighbourhood(ip), now)
            if not bucket.take(now):
                raise self._too_many_requests(bucket.wait(now))
        if limits.requests and not self._requests.take(now):
            raise self._refusal(DoorLimit.REQUESTS, "too many requests at the moment", self._requests.wait(now))

    def check_requests(self, ip: str, now: float) -> None:
        """Refuse a connection whose first request ``admit_request`` would refuse, before it costs anything more.

        Raises ``TooMany``.
        """
        if self.limits.requests_per_ip:
            seconds = self._requests_by_ip.of(neighbourhood(ip), now).wait(now)
            if seconds > 0:
                raise self._too_many_requests(seconds)

    def enter(self, ip: str) -> None:
        """Count a connection without a handshake until ``leave``. Raises ``TooMany``."""
        self._count(neighbourhood(ip))

    def leave(self, ip: str) -> None:
        """Stop counting a connection."""
        if self.limits.connections_per_ip:
            self._inside.remove(neighbourhood(ip))

    def _count(self, key: str) -> None:
        most = self.limits.connections_per_ip
        if not most:
            return
        if self._inside.of(key) >= most:
            reason = f"{most} connections are open from your address, which is the limit"
            raise self._refusal(DoorLimit.CONNECTIONS_PER_IP, reason, CROWDED_SECONDS)
        self._inside.add(key)

    def _too_many_handshakes(self, seconds: float) -> TooMany:
        return self._refusal(DoorLimit.HANDSHAKES_PER_IP, "too many handshakes from your address", seconds)

    def _too_many_requests(self, seconds: float) -> TooMany:
        return self._refusal(DoorLimit.REQUESTS_PER_IP, "too many requests from your address", seconds)

    def _refusal(self, limit: str, reason: str, seconds: float) -> TooMany:
        self.counted.note(limit)
        return TooMany(limit, reason, seconds)
