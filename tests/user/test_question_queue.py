"""Questions of one agent: which one is asked when."""

from rtserver.base.bridge.mailbox import BridgeClosedError
from rtserver.base.bridge.message import Message, Seen
from rtserver.user.question_queue import MOST_DELAYED, QuestionQueue


class Desk:
    """A queue, and the numbers of the questions that were asked."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.is_closed = False
        self.queue = QuestionQueue(self._post)

    def put(self, *refs: int) -> None:
        for ref in refs:
            self.queue.put(ref, Seen(((str(ref), "1-0"),)))

    def _post(self, message: Message) -> None:
        if self.is_closed:
            raise BridgeClosedError
        assert isinstance(message, Seen)
        self.asked.append(int(message.offsets[0][0]))


def test_one_is_asked_at_a_time_in_order() -> None:
    desk = Desk()
    desk.put(1, 2, 3)
    assert desk.asked == [1]
    desk.queue.on_answered(2)
    assert desk.asked == [1]
    desk.queue.on_answered(1)
    assert desk.asked == [1, 2]


def test_a_question_whose_answer_is_delayed_holds_up_no_other() -> None:
    desk = Desk()
    desk.put(1, 2, 3)
    desk.queue.on_delayed(1)
    assert desk.asked == [1, 2]
    desk.queue.on_answered(1)
    assert desk.asked == [1, 2]
    desk.queue.on_answered(2)
    assert desk.asked == [1, 2, 3]


def test_only_so_many_are_delayed_at_a_time() -> None:
    desk = Desk()
    refs = range(1, MOST_DELAYED + 4)
    desk.put(*refs)
    for ref in refs:
        desk.queue.on_delayed(ref)
    assert desk.asked == list(refs)[: MOST_DELAYED + 1]
    desk.queue.on_answered(1)
    assert len(desk.asked) == MOST_DELAYED + 1
    desk.queue.on_answered(MOST_DELAYED + 1)
    assert len(desk.asked) == MOST_DELAYED + 2


def test_a_word_about_another_question_is_none() -> None:
    desk = Desk()
    desk.put(1, 2)
    desk.queue.on_delayed(2)
    desk.queue.on_delayed(9)
    assert desk.asked == [1]


def test_nothing_is_asked_while_the_client_lags_also_behind_a_delayed_one() -> None:
    desk = Desk()
    desk.put(1, 2)
    desk.queue.on_lag(True)
    desk.queue.on_delayed(1)
    assert desk.asked == [1]
    desk.queue.on_lag(False)
    assert desk.asked == [1, 2]


def test_what_is_taken_back_is_never_asked() -> None:
    desk = Desk()
    desk.put(1, 2, 3)
    assert 2 in desk.queue
    assert [desk.queue.take_back(ref) for ref in (2, 1)] == [True, False]
    desk.queue.on_answered(1)
    assert desk.asked == [1, 3]


def test_a_closed_bridge_leaves_the_rest_where_it_is() -> None:
    desk = Desk()
    desk.put(1, 2)
    desk.is_closed = True
    desk.queue.on_answered(1)
    assert list(desk.queue) == [2]
