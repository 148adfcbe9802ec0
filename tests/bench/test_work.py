"""Work that peers are asked to publish: every number once, and no more than can be made up for."""

from bench.peers.work import CATCH_UP, JOINED, Board, Order, Work, wanted_topics


class Clock:
    """Time that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_numbers_come_when_they_are_due_and_once() -> None:
    clock = Clock()
    work = Work(Order(rate=1000), clock)
    taken: list[int] = []
    for _ in range(500):
        clock.now += 0.002
        taken += work.take()
    assert taken == list(range(len(taken)))
    assert 999 <= len(taken) <= 1000


def test_nothing_is_due_without_an_order() -> None:
    clock = Clock()
    work = Work(clock=clock)
    clock.now += 100
    assert not work.take()


def test_what_was_missed_for_too_long_is_forgotten_and_the_rate_stays() -> None:
    clock = Clock()
    work = Work(Order(rate=1000), clock)
    clock.now += 5.0
    assert len(work.take()) == CATCH_UP * 1000
    clock.now += 0.0055
    assert len(work.take()) == 5


def test_a_rate_below_the_catching_up_still_publishes() -> None:
    clock = Clock()
    work = Work(Order(rate=1), clock)
    clock.now += 3.5
    assert list(work.take()) == [0]
    clock.now += 1.0
    assert list(work.take()) == [1]


def test_topics_take_turns() -> None:
    work = Work(Order(rate=1, topics=3))
    assert [work.topic(number) for number in range(5)] == [0, 1, 2, 0, 1]


def test_topics_begin_at_the_first_one() -> None:
    work = Work(Order(rate=1, topics=2, first=500))
    assert [work.topic(number) for number in range(3)] == [500, 501, 500]


def test_a_batch_comes_whole_and_none_is_lost() -> None:
    clock = Clock()
    work = Work(Order(rate=1000, batch=5), clock)
    taken = []
    for _ in range(100):
        clock.now += 0.001
        taken.append(list(work.take()))
    assert {len(numbers) for numbers in taken} == {0, 5}
    assert [number for numbers in taken for number in numbers] == list(range(5 * sum(map(bool, taken))))
    assert sum(map(len, taken)) >= 95


def test_own_messages_go_to_all_members_in_each_round_or_to_one_after_the_other() -> None:
    assert Work(Order(rate=1, own=True)).places(range(7, 9), 3) == [0, 1, 2, 0, 1, 2]
    assert Work(Order(rate=1, own=True, in_turn=True)).places(range(7, 11), 3) == [1, 2, 0, 1]


def test_a_payload_has_the_size_that_was_ordered() -> None:
    for size in (120, 2000, 64_000):
        assert len(Work(Order(size=size)).payload(5)) == size


def test_members_are_on_the_topics_that_they_named_until_they_go() -> None:
    board: Board[str] = Board()
    assert board.join("anna", '{"join":[1,2]}') == JOINED
    board.join("ben", b'{"join":[2]}')
    assert (list(board.topic(1)), list(board.topic(2)), list(board.topic(3))) == (["anna"], ["anna", "ben"], [])
    board.remove("anna")
    assert (list(board.topic(1)), list(board.topic(2))) == ([], ["ben"])


def test_topics_are_read_from_the_message() -> None:
    assert wanted_topics('{"join":[4,0]}') == [4, 0]
