"""The book of a run: what was sent, what arrived where, and so what was lost, doubled or out of order.

Pure: time is passed in. Knows sources, receivers and numbers; not what carries them. A message counts as sent when
Redis has acknowledged it, and as delivered when every receiver that was promised it has it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from soak.chaos.span import spans
from soak.chaos.track import Expectation, Picture, Track, Wrong


class Missing(NamedTuple):
    """A message that a receiver does not have."""

    receiver: str
    source: str
    number: int


@dataclass(frozen=True)
class Violation:
    """A broken promise: message ``number`` of ``source`` at ``receiver``, during the fault ``during``."""

    wrong: Wrong
    receiver: str
    source: str
    number: int
    during: str


def tell(violations: Iterable[Violation]) -> list[str]:
    """A line for all that went wrong in one way, from one source to one receiver, during one fault."""
    numbers: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for one in violations:
        numbers[one.during, one.wrong, one.source, one.receiver].append(one.number)
    return [
        f"{during}: {wrong}: {source} #{spans(them)} at {receiver}"
        for (during, wrong, source, receiver), them in numbers.items()
    ]


@dataclass
class Episode:
    """Results of one fault. ``silence`` is the longest time in seconds that a page with traffic heard nothing."""

    fault: str
    sent: int = 0
    delivered: int = 0
    repeated: int = 0
    """Doubles that the contract allows: a handler again, after a death or beside its successor."""
    forgotten: int = 0
    """Messages that Redis had acknowledged and lost in a failover: nobody can deliver them, so nobody is blamed."""
    again: set[tuple[str, int]] = field(default_factory=set)
    """Messages that came again because Redis had forgotten in a failover that they had come."""
    wrong: Counter[Wrong] = field(default_factory=Counter)
    silence: float = 0.0
    silent: str = ""
    """Who heard nothing for so long."""


class Ledger:
    """Begin an episode, tell what happens, end it when ``is_settled`` or when the patience is over."""

    def __init__(self) -> None:
        self.violations: list[Violation] = []
        self._sent: dict[str, int] = {}
        self._expectations: dict[str, dict[str, Expectation]] = defaultdict(dict)  # by source, by receiver
        self._tracks: dict[tuple[str, str], Track] = {}  # by receiver and source
        self._pictures: dict[tuple[str, str], Picture] = {}
        self._heard: dict[str, float] = {}
        self._given_up: set[Missing] = set()
        self._shown_wrong: set[tuple[str, str, Wrong, int]] = set()
        self._episode = Episode("nothing")
        self._first_violation = 0
        self._base: dict[str, int] = {}
        self._repeated_before = 0

    # What is promised.

    def promise(self, receiver: str, source: str, is_ordered: bool = True, is_patient: bool = False) -> None:
        """The receiver gets every message of the source, as ``Track`` has it."""
        track = self._tracks[receiver, source] = Track(is_ordered, is_patient)
        self._expect(receiver, source, track)

    def promise_picture(self, receiver: str, source: str, picture: Picture) -> None:
        """The receiver shows the newest messages of the source."""
        self._pictures[receiver, source] = picture
        self._expect(receiver, source, picture)

    def watch(self, receiver: str) -> None:
        """Count this receiver's silences, from the next episode on."""
        self._heard[receiver] = 0.0

    # What happens.

    def sent(self, source: str, number: int) -> None:
        """Redis has acknowledged the source's messages up to ``number``."""
        self._sent[source] = number

    def got(self, receiver: str, source: str, number: int, now: float, life: int = 0) -> None:
        """An arrival. ``life``: which of the receiver's processes has it."""
        self.heard(receiver, now)
        wrong = self._tracks[receiver, source].take(number, life)
        if wrong:
            self.blame(wrong, receiver, source, number)

    def heard(self, receiver: str, now: float) -> None:
        """Something meaningful came to the receiver."""
        if receiver in self._heard:
            self._count_silence(receiver, now - self._heard[receiver])
            self._heard[receiver] = now

    def blame(self, wrong: Wrong, receiver: str, source: str, number: int) -> None:
        """A promise was broken; receivers may see by themselves that one was."""
        self._episode.wrong[wrong] += 1
        self.violations.append(Violation(wrong, receiver, source, number, self._episode.fault))

    def allow(self, receiver: str, repeats: int) -> None:
        """The receiver was killed, or another one worked beside it: so many messages may have come to it again."""
        for (name, _), track in self._tracks.items():
            if name == receiver:
                track.allow(repeats)

    def forgive(self, gone: Iterable[Missing]) -> None:
        """Redis has lost these messages, wherever they have not come by now."""
        new = set(gone) - self._given_up
        self._given_up |= new
        self._episode.forgotten += len({(one.source, one.number) for one in new})

    def excuse(self, is_excused: Callable[[str, int], bool]) -> None:
        """Excuse what came again in the episode that has just ended, where Redis had forgotten that it had come."""
        kept = []
        for one in self.violations[self._first_violation :]:
            if one.wrong is Wrong.LOST or not is_excused(one.source, one.number):
                kept.append(one)
            else:
                self._episode.wrong[one.wrong] -= 1
                self._episode.again.add((one.source, one.number))
        self.violations[self._first_violation :] = kept

    # Episodes.

    def begin(self, fault: str, now: float) -> None:
        """From here on it happens during ``fault``. Traffic begins: silences count from now."""
        self._episode = Episode(fault)
        self._first_violation = len(self.violations)
        self._base = dict(self._sent)
        self._repeated_before = self._repeated()
        self._heard = dict.fromkeys(self._heard, now)

    def sent_of(self, source: str) -> int:
        """Return the newest number of a source that Redis has acknowledged."""
        return self._sent.get(source, 0)

    @property
    def sent_in_episode(self) -> int:
        """Return the number of messages acknowledged in this episode so far."""
        return sum(self._sent.values()) - sum(self._base.values())

    @property
    def is_settled(self) -> bool:
        """Tell whether all messages are where they have to be; those lost in earlier episodes do not count."""
        return self._is_complete() or self._given_up.issuperset(self.missing())

    def end(self, now: float) -> Episode:
        """Close the episode's account: what has not come by now is lost."""
        episode = self._episode
        lost = set(self.missing()) - self._given_up
        for one in sorted(lost):
            self._lose(one, now)
        self._find_doubles()
        episode.sent = self.sent_in_episode
        ours = {(one.source, one.number) for one in lost if one.number > self._base.get(one.source, 0)}
        episode.delivered = episode.sent - len(ours) - episode.forgotten
        episode.repeated = self._repeated() - self._repeated_before
        return episode

    def missing(self) -> list[Missing]:
        """All that has not come."""
        return [
            Missing(receiver, source, number)
            for source, sent in self._sent.items()
            for receiver, expectation in self._expectations[source].items()
            for number in expectation.missing(sent)
        ]

    def _expect(self, receiver: str, source: str, expectation: Expectation) -> None:
        self._sent.setdefault(source, 0)
        self._expectations[source][receiver] = expectation

    def _is_complete(self) -> bool:
        return all(
            expectation.is_complete(sent)
            for source, sent in self._sent.items()
            for expectation in self._expectations[source].values()
        )

    def _repeated(self) -> int:
        return sum(track.repeated for track in self._tracks.values())

    def _lose(self, one: Missing, now: float) -> None:
        self._given_up.add(one)
        self.blame(Wrong.LOST, *one)
        if one.receiver in self._heard:
            self._count_silence(one.receiver, now - self._heard[one.receiver])

    def _find_doubles(self) -> None:
        for (receiver, source), track in self._tracks.items():
            for number in track.take_excess():
                self.blame(Wrong.DOUBLED, receiver, source, number)
        for (receiver, source), picture in self._pictures.items():
            for wrong, number in picture.wrong():
                if (receiver, source, wrong, number) not in self._shown_wrong:
                    self._shown_wrong.add((receiver, source, wrong, number))
                    self.blame(wrong, receiver, source, number)

    def _count_silence(self, receiver: str, seconds: float) -> None:
        if seconds > self._episode.silence:
            self._episode.silence, self._episode.silent = seconds, receiver
