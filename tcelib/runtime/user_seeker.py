"""UserSeeker: waits for users to come. However many are waited for, there is one look at a time for all of them."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Generic, TypeVar

import gevent
import gevent.event

from tcelib.error import RpcException

LOOK_SECONDS = 0.1
T = TypeVar("T")


class UserSeeker(Generic[T]):
    """Looks with ``find``, which returns where those users are who are anywhere, or raises ``RpcException``."""

    def __init__(self, find: Callable[[Collection[str]], Mapping[str, T]]) -> None:
        self._find = find
        self._waits: dict[str, list[gevent.event.AsyncResult]] = {}
        self._seeker: gevent.Greenlet | None = None
        self._failure: RpcException | None = None

    def wait(self, user_id: str, seconds: float) -> T | None:
        """Return where a user is as soon as he has come; None if he has not after ``seconds``.

        Raises ``RpcException`` if that could not be asked at the last look.
        """
        with self._entry(user_id) as found:
            if self._seeker is None:
                self._seeker = gevent.spawn(self._seek)
            server = getattr(gevent.getcurrent(), "tce_server", None)
            if server is None:
                found.wait(seconds)
            else:  # a servant leaves its place to others meanwhile
                server.wait_inside(lambda: found.wait(seconds))
            if not found.ready() and self._failure is not None:
                raise self._failure.for_one_more()
            place: T | None = found.value
            return place

    def close(self) -> None:
        """Look no more. Those who wait go on doing so."""
        if self._seeker is not None:
            self._seeker.kill()

    @contextmanager
    def _entry(self, user_id: str) -> Iterator[gevent.event.AsyncResult]:
        found = gevent.event.AsyncResult()
        self._waits.setdefault(user_id, []).append(found)
        try:
            yield found
        finally:
            waits = self._waits[user_id]
            waits.remove(found)
            if not waits:
                del self._waits[user_id]

    def _seek(self) -> None:
        try:
            while self._waits:
                gevent.sleep(LOOK_SECONDS)
                self._look()
        finally:
            self._seeker = None

    def _look(self) -> None:
        try:
            places = self._find(tuple(self._waits)) if self._waits else {}
        except RpcException as failure:
            self._failure = failure
            return
        self._failure = None
        for user_id, place in places.items():
            for found in self._waits.get(user_id, ()):
                found.set(place)
