"""Limit of attempts at passwords: some at once, then with pauses that grow.

Counts are kept in Django's cache, so all processes of the site share them; of
users and addresses it keeps digests only. What a refusal looks like is for ``login_form.py``.
"""

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any, Protocol

KEPT_SECONDS = 24 * 3600
FIRST_PAUSE_SECONDS = 1.0


class Cache(Protocol):
    """The part of Django's cache that is used. ``add`` and ``incr`` are atomic, in Redis and in memory."""

    def add(self, key: str, value: Any, timeout: float) -> bool:
        """Set a key that is not there; whether it was not."""

    def get(self, key: str) -> Any:
        """The value; None where there is none."""

    def incr(self, key: str, delta: int = 1) -> int:
        """The new value. Raises ``ValueError`` for a key that is not there."""

    def delete_many(self, keys: list[str]) -> None:
        """Remove keys."""


@dataclass(frozen=True)
class Scope:
    """Attempts that are counted together: ``free`` of them need no pause, and no pause is above ``longest``."""

    name: str
    free: int
    longest: float

    def pause_after(self, attempts: int, first: float) -> float:
        """Seconds until the next attempt after so many: doubled each time."""
        return 0.0 if attempts < self.free else min(self.longest, first * 2 ** min(attempts - self.free, 30))


USER = Scope("user", free=50, longest=60)
"""From everywhere. The pause is short: whoever tries another's password must not be able to lock them out."""
ADDRESS = Scope("address", free=50, longest=60)
"""Of all users. Many people may share an address."""
PAIR = Scope("pair", free=10, longest=900)
"""One user from one address; more than log in at the same moment."""


class TooManyAttempts(Exception):  # noqa: N818 (a verdict, not a fault of ours)
    """This attempt is not to be looked at. ``seconds`` until the next one may be."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


class LoginLimit:
    """Counts attempts until they turn out to be good. ``now`` gives seconds since 1970: cached times outlive us."""

    def __init__(
        self, cache: Cache, now: Callable[[], float] = time.time, first_pause: float = FIRST_PAUSE_SECONDS
    ) -> None:
        self._cache = cache
        self._now = now
        self._first_pause = first_pause

    def begin(self, user: str, address: str) -> None:
        """Count an attempt, before the password is looked at: many at the same moment count as many.

        Raises ``TooManyAttempts``; such an attempt counts for nothing, so that nobody can make a pause longer by
        knocking on. Raises what the cache raises when it is away.
        """
        counted: list[tuple[str, str | None]] = []
        for scope, key in _keys(user, address):
            attempts = self._count(key)
            pause = scope.pause_after(attempts, self._first_pause)
            gate = f"{key}:pause" if pause else None
            if gate is not None and not self._cache.add(gate, self._now() + pause, timeout=pause):
                self._count(key, -1)
                self._undo(counted)
                raise TooManyAttempts(self._rest(gate))
            counted.append((key, gate))

    def succeed(self, user: str, address: str) -> None:
        """The attempt was good: the user is known at this address, and the others' counts are as before.

        A count of none is removed, so that good log-ins leave nothing in the cache. An attempt at that very moment
        may go uncounted, which gives nobody more than one free try for each good password.
        """
        keys = dict(_keys(user, address))
        # The pauses of the others stay: one good account must not open the way to many.
        empty = [keys[scope] for scope in (USER, ADDRESS) if self._count(keys[scope], -1) <= 0]
        self._cache.delete_many([keys[PAIR], f"{keys[PAIR]}:pause", *empty])

    def _count(self, key: str, delta: int = 1) -> int:
        if delta > 0:
            self._cache.add(key, 0, timeout=KEPT_SECONDS)
        with suppress(ValueError):  # it has expired this very moment
            return self._cache.incr(key, delta)
        return max(delta, 0)

    def _undo(self, counted: list[tuple[str, str | None]]) -> None:
        for key, gate in counted:
            self._count(key, -1)
            if gate is not None:
                self._cache.delete_many([gate])

    def _rest(self, gate: str) -> int:
        until = self._cache.get(gate)
        return max(1, math.ceil((until or 0) - self._now()))


def _keys(user: str, address: str) -> Iterator[tuple[Scope, str]]:
    """The widest first: one that refuses must not have used up the narrower ones' turns."""
    network = _network(address)
    for scope, who in ((ADDRESS, network), (USER, user), (PAIR, f"{user}\0{network}")):
        yield scope, f"login:{scope.name}:{hashlib.sha256(who.encode(errors='replace')).hexdigest()}"


def _network(address: str) -> str:
    """An IPv6 network of 64 bits counts as one address: its owner has all of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else str(int(parsed) >> 64)
