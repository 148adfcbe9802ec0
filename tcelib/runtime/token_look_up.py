"""Look-ups of tokens in a thread of their own: the hub goes on, and what comes together is looked up together."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import gevent
import gevent.event
import gevent.threadpool

log = logging.getLogger("tce.token")

Verdict: TypeAlias = object
"""A user: an id, or an object with a ``user_id``. None for a token that is not valid, an exception where nobody can
tell."""
Verify: TypeAlias = Callable[[Sequence[str]], Mapping[str, Verdict]]
"""Returns the verdict about each token. It may block: it is called in a thread of its own, one call at a time."""

MOST_TOGETHER = 200


class TokenLookUps:
    """Asks ``verify``. Belongs to the hub of its first caller."""

    def __init__(self, verify: Verify) -> None:
        self._verify = verify
        self._waiting: dict[str, Any] = {}  # token -> AsyncResult
        self._work: gevent.Greenlet | None = None
        self._thread: Any = None

    def find(self, token: str, seconds: float) -> Verdict:
        """Return the verdict about a token, ``TimeoutError`` if there is none within ``seconds``. Raises nothing."""
        answer = self._waiting.get(token)
        if answer is None:
            answer = self._waiting[token] = gevent.event.AsyncResult()
        if self._work is None:
            self._work = gevent.spawn(self._run)
        if answer.wait(seconds) is None and not answer.ready():
            return TimeoutError(f"no answer within {seconds:g} s")
        return answer.get()

    def find_many(self, tokens: Sequence[str]) -> Mapping[str, Verdict]:
        """Return the verdict about each token. Raises nothing."""
        if self._thread is None:
            self._thread = gevent.threadpool.ThreadPool(1)
        try:
            found: Mapping[str, Verdict] = self._thread.apply(self._verify, (tokens,))
            return {token: found.get(token) for token in tokens}  # raises for what is no mapping
        except (Exception, SystemExit) as error:  # noqa: BLE001  the site may raise anything; it is the verdict
            return dict.fromkeys(tokens, error)

    def _run(self) -> None:
        try:
            while self._waiting:
                batch = dict(list(self._waiting.items())[:MOST_TOGETHER])
                for token in batch:
                    del self._waiting[token]
                found = self.find_many(tuple(batch))
                for token, answer in batch.items():
                    answer.set(found[token])
        finally:
            self._work = None
