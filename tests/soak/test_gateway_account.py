"""The verdict of the gateways' soak: which promise is broken by what, and what is excused."""

import pytest

from soak.gateway.account import OK, OWN, Account, Call, Path
from soak.gateway.mark import NO_PUSH, PUSHED, UNPUSHED, Kind, Mark

TIMEOUT, SLACK = 10.0, 1.0


class Desk:
    """An account with one client."""

    def __init__(self) -> None:
        self.account = Account(TIMEOUT, SLACK)
        self.path = self.account.open("c1", 1)

    def call(self, number: int, at: float = 0.0, *, kind: Kind = Kind.ORDER, is_push: bool = False) -> Call:
        return self.account.begin(self.path, Mark(kind, "c1", 1, number, 0, is_push), at)

    def answer(self, call: Call, at: float, pushed: str = NO_PUSH) -> None:
        self.account.answer(call, 0, f"{call.text} {pushed}", at)

    def ran(self, call: Call, at: float = 0.0, service: str = "s1") -> None:
        self.account.ran(call.mark.source, call.mark.number, service, at)

    @property
    def broken(self) -> list[str]:
        return [line.partition(": ")[2] for line in self.account.violations]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_mark_comes_back_as_it_was() -> None:
    mark = Mark(Kind.LOOK, "c7", 3, 99, 250, True)
    assert Mark.of(mark.text()) == mark
    with pytest.raises(ValueError, match="not enough"):
        Mark.of("1:c7")


def test_calls_that_are_answered_run_and_pushed_break_nothing(desk: Desk) -> None:
    call = desk.call(1, is_push=True)
    desk.ran(call)
    desk.account.push(desk.path, call.text)
    desk.answer(call, 2.0, PUSHED)
    desk.account.look(100.0)
    desk.account.close_books()
    assert desk.broken == []
    assert desk.account.episode.outcomes == {OK: 1}
    assert desk.account.episode.longest == 2.0


@pytest.mark.parametrize(("at", "is_fine"), [(10.9, True), (11.1, False)])
def test_a_call_ends_within_its_deadline_and_a_second(desk: Desk, at: float, is_fine: bool) -> None:
    desk.account.answer(desk.call(1), 2, "", at)
    assert (desk.broken == []) is is_fine


def test_a_call_that_nobody_answers_is_found(desk: Desk) -> None:
    desk.call(1)
    desk.account.look(11.0)
    assert desk.broken == []
    desk.account.look(11.1)
    assert len(desk.broken) == 1


def test_what_the_observer_has_not_read_yet_may_be_there(desk: Desk) -> None:
    desk.call(1)
    desk.account.lag = 0.5
    desk.account.look(11.4)
    assert desk.broken == []
    desk.account.look(11.6)
    assert len(desk.broken) == 1


def test_a_call_on_a_connection_that_hangs_ends_by_itself_and_may_be_answered_later(desk: Desk) -> None:
    call = desk.call(1)
    desk.account.hang([desk.path])
    desk.account.look(11.1)
    desk.account.hang([desk.path], 12.0)
    desk.answer(call, 12.1)
    assert desk.broken == []
    assert desk.account.episode.outcomes == {OWN: 1}


def test_a_call_that_has_time_after_its_connection_hung_is_not_excused(desk: Desk) -> None:
    desk.call(1)
    desk.account.hang([desk.path], 9.0)
    desk.account.look(11.1)
    assert len(desk.broken) == 1


def test_the_answer_of_another_call_and_a_second_answer_are_found(desk: Desk) -> None:
    first, second = desk.call(1), desk.call(2)
    desk.account.answer(first, 0, f"{second.text} none", 1.0)
    desk.answer(second, 1.0)
    desk.answer(second, 1.1)
    assert ["another" in line for line in desk.broken] == [True, False]
    assert desk.broken[1].startswith("a second answer")


@pytest.mark.parametrize(("errcode", "is_fine"), [(2, True), (101, True), (104, True), (4, False), (6, False)])
def test_errors_that_no_fault_explains_are_found(desk: Desk, errcode: int, is_fine: bool) -> None:
    desk.account.answer(desk.call(1), errcode, "", 1.0)
    assert (desk.broken == []) is is_fine


def test_an_order_runs_once_and_a_look_may_run_again(desk: Desk) -> None:
    order, look = desk.call(1), desk.call(2, kind=Kind.LOOK)
    for call in (order, look):
        desk.ran(call, service="s1")
        desk.ran(call, service="s2")
    assert [line for line in desk.broken if "twice" in line] == desk.broken
    assert len(desk.broken) == 1
    assert desk.account.repeated == 2


def test_an_answer_without_a_run_is_found(desk: Desk) -> None:
    desk.answer(desk.call(1), 1.0)
    desk.account.close_books()
    assert len(desk.broken) == 1


def test_a_run_after_its_caller_was_told_of_a_failure_is_counted(desk: Desk) -> None:
    call = desk.call(1)
    desk.account.answer(call, 2, "", 10.0)
    desk.ran(call, 10.1)
    assert desk.account.late_runs == 0
    desk.ran(call, 12.0)
    assert desk.account.late_runs == 1


def test_a_push_that_does_not_come_is_found_unless_its_connection_is_lost(desk: Desk) -> None:
    desk.answer(desk.call(1, is_push=True), 1.0, PUSHED)
    desk.answer(desk.call(2, is_push=True), 1.0, UNPUSHED)
    desk.account.look(5.9)
    assert desk.broken == []
    desk.account.look(6.1)
    assert len(desk.broken) == 1
    desk.answer(desk.call(3, is_push=True), 7.0, PUSHED)
    desk.account.close(desk.path, [], 8.0)
    desk.account.look(100.0)
    assert len(desk.broken) == 1
    assert (desk.account.unpushed, desk.account.excused_pushes) == (1, 1)


def test_a_push_comes_once_and_to_who_called(desk: Desk) -> None:
    call = desk.call(1, is_push=True)
    desk.account.push(desk.path, call.text)
    desk.account.push(desk.path, call.text)
    desk.account.push(Path("c2", 1), call.text)
    assert ["twice" in line for line in desk.broken] == [True, False]


def test_a_call_that_may_run_again_may_push_again(desk: Desk) -> None:
    call = desk.call(1, kind=Kind.LOOK, is_push=True)
    desk.account.push(desk.path, call.text)
    desk.account.push(desk.path, call.text)
    assert desk.broken == []


def test_all_are_good_again_when_each_has_an_answer_to_a_call_that_began_since(desk: Desk) -> None:
    desk.account.open("c2", 1)
    desk.answer(desk.call(1, at=5.0), 6.0)
    assert not desk.account.are_all_good_since(4.0)
    assert desk.account.bad_since(4.0) == "c2"
    other = desk.account.begin(desk.path, Mark(Kind.LOOK, "c2", 1, 1, 0, False), 4.5)
    desk.answer(other, 5.0)
    assert desk.account.are_all_good_since(4.0)
    assert not desk.account.are_all_good_since(5.0)


def test_what_waits_on_a_connection_that_is_lost_has_ended(desk: Desk) -> None:
    call = desk.call(1)
    desk.account.close(desk.path, [call], 3.0)
    desk.account.look(100.0)
    assert desk.broken == []
    assert desk.account.episode.outcomes == {"lost": 1}
