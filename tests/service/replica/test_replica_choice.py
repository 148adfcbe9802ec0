from collections.abc import Iterator
from itertools import count

import pytest

from rtserver.base.queue.replica_port import Standing
from rtserver.service.replica.replica_choice import (
    BEAT_SECONDS,
    FOREIGN,
    LONGEST_RETURN_SECONDS,
    LOOK_SECONDS,
    RETURN_SECONDS,
    STEADY_SECONDS,
    UNPROVEN,
    ReplicaChoice,
    explain,
)


class Play:
    """A choice, its clock, and replicas that are linked or not: each step is a look, and every fourth one a pulse."""

    def __init__(self, replicas: int = 2) -> None:
        self.choice = ReplicaChoice(replicas, "life")
        self.now = 100.0
        self.linked = [True] * replicas
        self.is_primary_away = False
        self.changes: list[tuple[int | None, int | None, str]] = []
        self.choice.on_change = lambda *change: self.changes.append(change)
        self._pulses = [""] * replicas
        self._beats: Iterator[int] = count()

    def step(self) -> None:
        if next(self._beats) % round(BEAT_SECONDS / LOOK_SECONDS) == 0 and not self.is_primary_away:
            pulse = self.choice.next_pulse()
            self.choice.acknowledge(self.now)
            self._pulses = [pulse if on else old for on, old in zip(self.linked, self._pulses, strict=True)]
        for place, pulse in enumerate(self._pulses):
            self.choice.find(place, pulse, self.now)
        self.choice.look(self.now)
        self.now += LOOK_SECONDS

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / LOOK_SECONDS)):
            self.step()

    def run_until_read(self, place: int | None, patience: float = 1_000.0) -> float:
        begun = self.now
        while self.choice.current != place:
            assert self.now - begun < patience, f"{place} is not read"
            self.step()
        return self.now - begun


def test_the_primary_is_read_until_a_pulse_has_come_through_a_replica() -> None:
    play = Play()
    assert play.choice.current is None
    assert play.choice.reason(0, play.now) == UNPROVEN
    play.linked[0] = False
    play.step()
    assert play.choice.current == 1
    play.linked[0] = True
    play.run(BEAT_SECONDS)
    play.step()
    assert play.choice.current == 0
    assert play.choice.reason(0, play.now) == ""


def test_a_pulse_of_a_former_life_proves_nothing() -> None:
    play = Play(1)
    assert not play.choice.find(0, "before 7", play.now)
    assert not play.choice.find(0, "", play.now)
    assert not play.choice.find(0, "life x", play.now)
    assert play.choice.current is None


def test_a_replica_that_nothing_comes_through_is_left_within_four_seconds() -> None:
    play = Play()
    play.run(20)
    for phase in range(4):  # of the beat
        play.linked[0] = False
        assert play.run_until_read(1) < 4.0, phase
        play.linked[0] = True
        play.run_until_read(0)
        play.run(STEADY_SECONDS + phase * LOOK_SECONDS)
    assert "nothing has come through it for " in play.changes[-2][2]


def test_without_another_replica_the_primary_is_read() -> None:
    play = Play(1)
    play.run(20)
    play.linked[0] = False
    assert play.run_until_read(None) < 4.0


def test_a_replica_that_fails_is_left_at_once_for_the_next_that_is_well() -> None:
    play = Play(3)
    play.run(20)
    play.linked[1] = False
    play.run(5)
    play.choice.fail(0, "reset by peer", play.now)
    assert play.choice.current == 2
    assert play.changes[-1] == (0, 2, "reset by peer")


def test_the_preferred_replica_is_read_again_after_some_good_seconds() -> None:
    play = Play()
    play.run(20)
    play.choice.fail(0, "reset by peer", play.now)
    play.step()
    assert play.choice.current == 1
    assert "well again" in play.choice.reason(0, play.now)
    assert play.run_until_read(0) == pytest.approx(RETURN_SECONDS, abs=1)
    assert play.changes[-1] == (1, 0, "")


def test_a_replica_that_flaps_is_read_less_and_less_and_one_that_holds_is_trusted_again() -> None:
    play = Play(1)
    play.run(20)
    waits = []
    for _ in range(8):
        play.choice.fail(0, "reset by peer", play.now)
        waits.append(play.run_until_read(0))
    assert waits == pytest.approx(
        [RETURN_SECONDS * 2**n for n in range(5)] + [LONGEST_RETURN_SECONDS] * 3, abs=3 * LOOK_SECONDS
    )
    play.run(STEADY_SECONDS)
    play.choice.fail(0, "reset by peer", play.now)
    assert play.run_until_read(0) == pytest.approx(RETURN_SECONDS, abs=3 * LOOK_SECONDS)


def test_a_primary_that_is_away_makes_no_replica_late() -> None:
    play = Play()
    play.run(20)
    play.is_primary_away = True
    play.run(100)
    assert play.choice.current == 0
    assert play.choice.behind(0, play.now) == 0


def test_a_thread_that_stood_still_blames_no_replica() -> None:
    play = Play()
    play.run(20.25)  # a pulse that nobody has asked a replica for
    play.choice.next_pulse()
    play.choice.acknowledge(play.now)
    play.now += 10
    play.choice.look(play.now)
    play.choice.find(0, f"life {play.choice.newest}", play.now)
    play.choice.look(play.now)
    assert play.choice.current == 0


def test_a_replica_with_other_data_is_left_at_once() -> None:
    play = Play(1)
    play.run(20)
    assert not play.choice.find(0, "", play.now)
    assert play.choice.current is None
    assert play.choice.reason(0, play.now) == FOREIGN


def test_how_far_behind_a_replica_is_counts_from_the_first_pulse_that_is_missing() -> None:
    choice = ReplicaChoice(1, "life")
    for second in range(5):
        choice.next_pulse()
        choice.acknowledge(float(second))
    assert choice.find(0, "life 2", 5.0)
    assert choice.behind(0, 5.0) == 3.0
    assert choice.find(0, "life 5", 5.0)
    assert choice.behind(0, 5.0) == 0.0


def test_a_hint_says_what_is_behind_the_reason() -> None:
    choice = ReplicaChoice(1, "life")
    choice.give_hint(0, "it follows another primary, a:1")
    assert choice.reason(0, 0.0) == "it follows another primary, a:1"
    choice.next_pulse()
    choice.acknowledge(0.0)
    choice.find(0, "life 1", 0.0)
    choice.fail(0, "nothing has come through it for 2.1 s", 9.0)
    choice.give_hint(0, "it has no connection to its primary, a:1")
    assert choice.reason(0, 9.0) == (
        "nothing has come through it for 2.1 s: it has no connection to its primary, a:1"
    )


def test_at_the_end_the_primary_is_read_whatever_comes() -> None:
    play = Play(1)
    play.run(20)
    play.choice.end()
    play.run(20)
    assert play.choice.current is None


ONE = frozenset({"one"})


@pytest.mark.parametrize(
    ("replica", "text"),
    [
        (Standing("", True, frozenset({"two", "one"})), "it is a primary, and not the one that redis_url leads to"),
        (Standing("a:1", False, ONE), "it has no connection to its primary, a:1"),
        (Standing("a:1", True, frozenset({"two"})), "it follows another primary, a:1"),
        (Standing("a:1", True, ONE), "it lags behind a:1, or that one has lost its own primary"),
        (Standing("a:1", True, frozenset()), "it lags behind a:1, or that one has lost its own primary"),
    ],
)
def test_what_a_server_says_of_itself_explains_why_nothing_comes_through(replica: Standing, text: str) -> None:
    assert explain(replica, Standing("", True, ONE)) == text


def test_without_an_answer_of_the_primary_nobody_is_said_to_follow_another_one() -> None:
    assert "another" not in explain(Standing("a:1", True, frozenset({"two"})), None)
