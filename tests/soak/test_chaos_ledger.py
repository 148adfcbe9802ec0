"""The book of a run sees what is lost, doubled, out of order and silent, and blames the right fault for it."""

from soak.chaos.ledger import Episode, Ledger, Violation, tell
from soak.chaos.track import Picture, Wrong

ANNA, BEN = "page anna", "page ben"
PUSHES, QUOTES = "push:7", "quote:A"


def book(*receivers: str) -> Ledger:
    """A ledger in which these are promised all of one source."""
    ledger = Ledger()
    for receiver in receivers:
        ledger.promise(receiver, PUSHES)
        ledger.watch(receiver)
    return ledger


def deliver(ledger: Ledger, receiver: str, *numbers: int, now: float = 0.0, life: int = 0) -> None:
    """These arrive."""
    for number in numbers:
        ledger.got(receiver, PUSHES, number, now, life)


def episode(ledger: Ledger, fault: str, sent: int, **arrivals: tuple[int, ...]) -> Episode:
    """One fault: so much was sent altogether, and this arrived at ``anna`` and ``ben``."""
    ledger.begin(fault, 0.0)
    ledger.sent(PUSHES, sent)
    for name, numbers in arrivals.items():
        deliver(ledger, f"page {name}", *numbers)
    return ledger.end(0.0)


def test_a_run_in_which_all_is_well_has_nothing_to_blame() -> None:
    ledger = book(ANNA, BEN)
    told = episode(ledger, "calm", 2, anna=(1, 2), ben=(1, 2))
    assert (told.sent, told.delivered, told.wrong.total()) == (2, 2, 0)
    assert ledger.violations == []


def test_a_message_is_delivered_when_everybody_has_it() -> None:
    told = episode(book(ANNA, BEN), "cut", 3, anna=(1, 2, 3), ben=(1, 3))
    assert (told.sent, told.delivered, told.wrong[Wrong.LOST]) == (3, 2, 1)


def test_a_message_that_both_miss_is_lost_twice_and_undelivered_once() -> None:
    told = episode(book(ANNA, BEN), "cut", 2, anna=(1,), ben=(1,))
    assert (told.delivered, told.wrong[Wrong.LOST]) == (1, 2)


def test_the_loss_is_blamed_on_the_fault_and_named() -> None:
    ledger = book(ANNA)
    episode(ledger, "calm", 1, anna=(1,))
    episode(ledger, "kill", 3, anna=(2,))
    assert ledger.violations == [Violation(Wrong.LOST, ANNA, PUSHES, 3, "kill")]


def test_what_is_lost_is_blamed_once_and_not_waited_for_again() -> None:
    ledger = book(ANNA)
    episode(ledger, "kill", 2, anna=(1,))
    assert ledger.is_settled
    told = episode(ledger, "calm", 3, anna=(3,))
    assert (told.sent, told.delivered, told.wrong.total()) == (1, 1, 0)


def test_what_was_given_up_and_comes_after_all_is_out_of_order() -> None:
    ledger = book(ANNA)
    episode(ledger, "kill", 2, anna=(2,))
    told = episode(ledger, "calm", 2, anna=(1,))
    assert told.wrong[Wrong.REORDERED] == 1


def test_what_redis_has_lost_is_told_and_blamed_on_nobody() -> None:
    ledger = book(ANNA, BEN)
    ledger.begin("fail over", 0.0)
    ledger.sent(PUSHES, 3)
    deliver(ledger, ANNA, 1, 3)
    deliver(ledger, BEN, 1)
    assert not ledger.is_settled
    ledger.forgive([one for one in ledger.missing() if one.number == 2])
    deliver(ledger, BEN, 3)
    assert ledger.is_settled
    told = ledger.end(0.0)
    assert (told.sent, told.delivered, told.forgotten, told.wrong.total()) == (3, 2, 1, 0)
    assert episode(ledger, "calm", 4, anna=(4,), ben=(4,)).forgotten == 0


def test_what_came_again_is_excused_where_redis_had_forgotten_it() -> None:
    ledger = book(ANNA)
    assert episode(ledger, "kill", 1, anna=(1, 1)).wrong[Wrong.DOUBLED] == 1
    told = episode(ledger, "fail over", 3, anna=(2, 2, 3, 3))
    ledger.excuse(lambda source, number: number == 2)
    assert (told.wrong[Wrong.DOUBLED], told.again) == (1, {(PUSHES, 2)})
    assert [(one.during, one.number) for one in ledger.violations] == [("kill", 1), ("fail over", 3)]
    assert (ledger.sent_of(PUSHES), ledger.sent_of("nobody")) == (3, 0)


def test_doubles_and_late_messages_are_counted_where_they_happen() -> None:
    ledger = book(ANNA)
    told = episode(ledger, "cut", 3, anna=(1, 3, 2, 3))
    assert told.wrong == {Wrong.REORDERED: 1, Wrong.DOUBLED: 1}
    assert [violation.number for violation in ledger.violations] == [2, 3]


def test_it_is_settled_when_the_last_one_has_the_last_message() -> None:
    ledger = book(ANNA, BEN)
    ledger.begin("cut", 0.0)
    ledger.sent(PUSHES, 1)
    deliver(ledger, ANNA, 1)
    assert not ledger.is_settled
    deliver(ledger, BEN, 1)
    assert ledger.is_settled


def test_it_is_settled_when_nothing_was_sent() -> None:
    assert book(ANNA).is_settled


def test_what_arrives_before_its_acknowledgement_is_no_double_later() -> None:
    ledger = book(ANNA)
    ledger.begin("cut", 0.0)
    deliver(ledger, ANNA, 1, 2)
    assert ledger.is_settled
    ledger.sent(PUSHES, 2)
    assert ledger.is_settled
    assert ledger.end(0.0).wrong.total() == 0


def test_a_killed_handler_may_repeat_and_that_is_counted_apart() -> None:
    ledger = book("every at w1")
    ledger.begin("kill", 0.0)
    ledger.sent(PUSHES, 3)
    deliver(ledger, "every at w1", 1, 2)
    ledger.allow("every at w1", 1)
    deliver(ledger, "every at w1", 2, 3, life=1)
    told = ledger.end(0.0)
    assert (told.repeated, told.wrong.total()) == (1, 0)
    assert episode(ledger, "calm", 3).repeated == 0


def test_a_death_excuses_nobody_else() -> None:
    ledger = book("w1", "w2")
    ledger.begin("kill", 0.0)
    ledger.allow("w1", 1)
    ledger.sent(PUSHES, 1)
    for receiver in ("w1", "w2"):
        deliver(ledger, receiver, 1)
    deliver(ledger, "w2", 1, life=1)
    assert ledger.end(0.0).wrong == {Wrong.DOUBLED: 1}
    assert [(one.wrong, one.receiver) for one in ledger.violations] == [(Wrong.DOUBLED, "w2")]


def test_a_chart_is_judged_by_what_it_shows_in_the_end() -> None:
    rows: list[int] = []
    ledger = Ledger()
    ledger.promise_picture("chart", QUOTES, Picture(lambda: rows, 10))
    ledger.begin("cut", 0.0)
    ledger.sent(QUOTES, 3)
    rows += [1, 3]
    assert not ledger.is_settled
    rows[:] = [1, 2, 3]
    assert ledger.is_settled
    assert ledger.end(0.0).wrong.total() == 0


def test_a_chart_with_wrong_rows_is_blamed() -> None:
    rows = [1, 3, 2, 3]
    ledger = Ledger()
    ledger.promise_picture("chart", QUOTES, Picture(lambda: rows, 10))
    ledger.begin("cut", 0.0)
    ledger.sent(QUOTES, 4)
    assert ledger.end(0.0).wrong == {Wrong.LOST: 1, Wrong.REORDERED: 1, Wrong.DOUBLED: 1}


def test_what_a_chart_shows_wrongly_is_blamed_once_however_long_it_shows_it() -> None:
    rows = [1, 1]
    ledger = Ledger()
    ledger.promise_picture("chart", QUOTES, Picture(lambda: rows, 10))
    counts = []
    for number in (1, 2):
        ledger.begin("cut", 0.0)
        ledger.sent(QUOTES, number)
        rows += [2] * (number - 1)
        counts.append(ledger.end(0.0).wrong.total())
    assert counts == [1, 0]


def test_the_longest_silence_is_between_two_messages_of_one_receiver() -> None:
    ledger = book(ANNA, BEN)
    ledger.begin("freeze", 10.0)
    ledger.sent(PUSHES, 2)
    deliver(ledger, ANNA, 1, now=10.5)
    deliver(ledger, BEN, 1, now=11.0)
    deliver(ledger, ANNA, 2, now=14.0)
    deliver(ledger, BEN, 2, now=14.0)
    told = ledger.end(30.0)
    assert (told.silence, told.silent) == (3.5, ANNA)


def test_calm_between_two_episodes_is_no_silence() -> None:
    ledger = book(ANNA)
    episode(ledger, "calm", 1, anna=(1,))
    ledger.begin("cut", 100.0)
    ledger.sent(PUSHES, 2)
    deliver(ledger, ANNA, 2, now=100.25)
    assert ledger.end(101.0).silence == 0.25


def test_who_lost_the_last_message_was_silent_until_the_end() -> None:
    ledger = book(ANNA)
    ledger.begin("kill", 0.0)
    ledger.sent(PUSHES, 1)
    assert ledger.end(60.0).silence == 60.0


def test_a_handler_is_not_listened_to_for_silence() -> None:
    ledger = Ledger()
    ledger.promise("once", PUSHES)
    ledger.begin("kill", 0.0)
    ledger.sent(PUSHES, 1)
    deliver(ledger, "once", 1, now=50.0)
    assert ledger.end(60.0).silence == 0.0


def test_violations_of_one_kind_are_told_in_one_line() -> None:
    lost = [Violation(Wrong.LOST, ANNA, PUSHES, number, "kill") for number in (4, 5, 6, 9)]
    doubled = [Violation(Wrong.DOUBLED, ANNA, PUSHES, 2, "kill")]
    assert tell([*lost, *doubled]) == [
        "kill: lost: push:7 #4-6, 9 at page anna",
        "kill: doubled: push:7 #2 at page anna",
    ]
