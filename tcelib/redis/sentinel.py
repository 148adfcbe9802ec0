"""SentinelResolver: asks Sentinels which server is the primary of their service.

The address that most of them name is taken: a Sentinel that was cut off together with a former primary decides
nothing as long as the others are heard. An answer is good for a few seconds, because a primary that was cut off from
the others does not know it. Otherwise this follows Redis's guidelines for clients: Sentinels that are silent come
last, and the server that they name has to say itself that it is a primary, which each new connection asks it.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

import redis

from tcelib.redis.panel import NoAnswerError, Panel
from tcelib.redis.redis_address import Place

SETTLED_SECONDS = 5.0
"""So long an answer is good, if nothing speaks against it."""
LOG_SECONDS = 60.0

log = logging.getLogger(__name__)


class Answers(NamedTuple):
    """The addresses that Sentinels name, and why others name none, by the Sentinel."""

    named: dict[Place, Place]
    faults: dict[Place, str]

    def __str__(self) -> str:
        return "; ".join(self.faults.values())


class SentinelResolver:
    """See ``Resolver``. ``panel`` has the Sentinels; ``service`` is their name of the primary."""

    def __init__(self, service: str, panel: Panel, *, now: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._panel = panel
        self._now = now
        self._found: Place | None = None
        self._asked_at = float("-inf")
        self._doubts = 0
        self._settled_doubts = -1
        self._told_at = float("-inf")

    def find(self) -> Place:
        """See ``Resolver``. Without an answer of any Sentinel the last one is taken once more."""
        is_doubted = self._settled_doubts != self._doubts
        found = self._found
        if found is not None and not is_doubted and self._now() - self._asked_at < SETTLED_SECONDS:
            return found
        doubts = self._doubts  # as they were before the question
        answers = self.ask()
        if answers.named:
            found = choose(answers.named, found, is_doubted=is_doubted)
        elif found is None:
            raise redis.ConnectionError(f"no Sentinel names a primary: {answers}")
        else:
            self._tell(found, answers)
        self._found, self._asked_at, self._settled_doubts = found, self._now(), doubts
        return found

    def doubt(self) -> None:
        """See ``Resolver``."""
        self._doubts += 1

    def close(self) -> None:
        """See ``Resolver``."""
        self._panel.close()

    def forget(self) -> None:
        """See ``Resolver``."""
        self._panel.forget()

    def ask(self, *, all_of_them: bool = False) -> Answers:
        """Return what the Sentinels say. Those that are not needed for a majority are not asked.

        Silent ones are asked if no other names an address.
        """
        answers = Answers({}, {})
        silent = self._panel.silent
        for sentinel in self._panel.in_turn():
            is_needed = not answers.named if sentinel in silent else not self._agree(answers.named)
            if is_needed or all_of_them:
                self._ask_one(sentinel, answers)
        return answers

    def _agree(self, named: Mapping[Place, Place]) -> bool:
        return any(2 * count > len(self._panel.places) for count in Counter(named.values()).values())

    def _ask_one(self, sentinel: Place, answers: Answers) -> None:
        try:
            [answer] = self._panel.ask(sentinel, ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service))
        except NoAnswerError as error:
            answers.faults[sentinel] = str(error)
            return
        if answer is None:
            answers.faults[sentinel] = f"{sentinel} knows no service {self._service!r}"
        else:
            answers.named[sentinel] = Place(answer[0].decode(), int(answer[1]))

    def _tell(self, found: Place, answers: Answers) -> None:
        if self._now() - self._told_at >= LOG_SECONDS:
            self._told_at = self._now()
            log.warning("! no Sentinel answers, so %s still counts as the primary: %s", found, answers)


def choose(named: Mapping[Place, Place], known: Place | None, *, is_doubted: bool) -> Place:
    """Return the address that most Sentinels name. Of two that as many name, the one that was not doubted."""
    counts = Counter(named.values())
    return max(counts, key=lambda place: (counts[place], (place == known) is not is_doubted))
