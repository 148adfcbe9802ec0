"""Topics: who gets which frame, and how often it is drawn."""

from collections.abc import Hashable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.bridge.message import Update
from rtserver.base.wire.frame import text_frame
from rtserver.base.wire.payload import Framing
from rtserver.user.topic.board import Topics
from tests.user_side import StillTime, payload_of


class Listener:
    """A member whose connection keeps the payloads, with their keys."""

    def __init__(self, framing: Framing = text_frame) -> None:
        self.framing = framing
        self.heard: list[bytes] = []
        self.keys: list[Hashable | None] = []

    @property
    def connection(self) -> "Listener":
        return self

    def push(self, frame: bytes, key: Hashable | None = None) -> None:
        self.heard.append(payload_of(frame))
        self.keys.append(key)


class Pen:
    """Draws an update as its number, and counts."""

    def __init__(self, prefix: bytes = b"") -> None:
        self.prefix = prefix
        self.drawn = 0

    def __call__(self, update: Update) -> bytes:
        self.drawn += 1
        return self.prefix + str(update.seq).encode()


def update(topic: str = "t", seq: int = 1) -> Update:
    return Update(topic, seq, ((seq,),))


def test_an_update_is_drawn_once_for_a_group_and_pushed_to_each_member() -> None:
    board, pen = Topics(), Pen()
    listeners = [Listener() for _ in range(50)]
    for listener in listeners:
        board.join("t", "g", listener, pen)

    board.update(update(seq=1))
    board.update(update(seq=2))

    assert pen.drawn == 2
    assert all(listener.heard == [b"1", b"2"] for listener in listeners)
    assert (board.updates, board.deliveries) == (2, 100)


def test_all_members_of_a_group_share_the_bytes() -> None:
    board = Topics()
    frames = []
    for _ in range(2):
        listener = Listener()
        listener.push = lambda frame, key: frames.append(frame)
        board.join("t", "g", listener, Pen())
    board.update(update())
    assert frames[0] is frames[1]


def test_each_group_has_its_own_drawing() -> None:
    board, one, two = Topics(), Listener(), Listener()
    board.join("t", "line", one, Pen(b"line "))
    board.join("t", "bar", two, Pen(b"bar "))
    board.join("t", "bar", one, Pen(b"bar "))
    board.update(update(seq=3))
    assert sorted(one.heard) == [b"bar 3", b"line 3"]
    assert two.heard == [b"bar 3"]


def test_the_key_tells_topics_apart_even_where_groups_are_called_the_same() -> None:
    board, listener = Topics(), Listener()
    board.join("t", "g", listener, Pen())
    board.join("u", "g", listener, Pen())
    board.update(update("t"))
    board.update(update("u"))
    board.update(update("t"))
    assert listener.keys[0] == listener.keys[2] != listener.keys[1]


def test_topics_are_kept_apart_and_an_update_that_nobody_waits_for_is_dropped() -> None:
    board, listener = Topics(), Listener()
    board.join("t", "g", listener, Pen())
    board.update(update("u"))
    assert listener.heard == []
    assert len(board) == 1


def test_who_has_left_hears_no_more_and_the_last_one_takes_the_topic_along() -> None:
    board, one, two = Topics(), Listener(), Listener()
    board.join("t", "g", one, Pen())
    board.join("t", "g", two, Pen())
    board.leave("t", "g", one)
    board.update(update())
    assert (one.heard, two.heard) == ([], [b"1"])
    board.leave("t", "g", two)
    assert (len(board), board.members) == (0, 0)


def test_leaving_what_one_is_not_on_changes_nothing() -> None:
    board, listener, stranger = Topics(), Listener(), Listener()
    board.join("t", "g", listener, Pen())
    board.leave("t", "other", listener)
    board.leave("u", "g", listener)
    board.leave("t", "g", stranger)
    board.remove(stranger)
    board.update(update())
    assert listener.heard == [b"1"]


def test_joining_twice_is_joining_once() -> None:
    board, listener = Topics(), Listener()
    board.join("t", "g", listener, Pen())
    board.join("t", "g", listener, Pen())
    board.update(update())
    assert listener.heard == [b"1"]
    board.leave("t", "g", listener)
    assert len(board) == 0


@pytest.mark.parametrize("kind", [KeyError, SystemExit])
def test_a_drawing_that_fails_costs_its_own_group_one_update(
    kind: type[KeyError | SystemExit], caplog: pytest.LogCaptureFixture
) -> None:
    board, one, two = Topics(), Listener(), Listener()

    def fail_once(update: Update) -> bytes:
        if update.seq == 1:
            raise kind("no such column")
        return b"good"

    board.join("t", "bad", one, fail_once)
    board.join("t", "good", two, Pen())
    board.update(update(seq=1))
    board.update(update(seq=2))
    assert (one.heard, two.heard) == ([b"good"], [b"1", b"2"])
    assert board.failures == 1
    assert "no such column" in caplog.text


def test_a_member_may_be_removed_by_the_push_itself() -> None:
    board, others = Topics(), [Listener() for _ in range(3)]
    slow = Listener()
    slow.push = lambda frame, key: board.remove(slow)
    board.join("t", "g", others[0], Pen())
    board.join("t", "g", slow, Pen())
    board.join("t", "alone", slow, Pen())
    for other in others[1:]:
        board.join("t", "g", other, Pen())
    board.update(update(seq=1))
    board.update(update(seq=2))
    assert [other.heard for other in others] == [[b"1", b"2"]] * 3
    assert board.members == 3


class Press:
    """A framing of its own, which puts a word before the message and counts."""

    def __init__(self) -> None:
        self.pressed = 0

    def __call__(self, message: bytes) -> bytes:
        self.pressed += 1
        return text_frame(b"pressed " + message)


def test_a_message_is_framed_once_for_each_kind_of_connection() -> None:
    press = Press()
    board = Topics()
    listeners = [Listener(text_frame if number % 2 else press) for number in range(50)]
    for listener in listeners:
        board.join("t", "g", listener, Pen())
    board.update(update(seq=1))
    board.update(update(seq=2))
    assert press.pressed == 2
    assert all(listener.heard == [b"pressed 1", b"pressed 2"] for listener in listeners[::2])
    assert all(listener.heard == [b"1", b"2"] for listener in listeners[1::2])
    assert (board.updates, board.deliveries) == (2, 100)


def test_nothing_is_framed_for_a_kind_of_which_nobody_is_there_any_more() -> None:
    press = Press()
    board, one, other = Topics(), Listener(), Listener(press)
    board.join("t", "g", one, Pen())
    board.join("t", "g", other, Pen())
    board.leave("t", "g", other)
    board.update(update())
    assert (press.pressed, one.heard, other.heard) == (0, [b"1"], [])


def bytes_and_frame(message: bytes) -> bytes:
    return text_frame(message)


names = st.sampled_from("abc")
steps = st.lists(
    st.tuples(st.sampled_from(["join", "leave", "remove", "update"]), names, names, st.integers(0, 3)), max_size=40
)


@given(steps)
@settings(max_examples=60, deadline=None)
def test_the_board_does_what_a_plain_set_of_places_would_do(steps: list[tuple[str, str, str, int]]) -> None:
    board = Topics()
    listeners = [Listener(text_frame if number > 1 else bytes_and_frame) for number in range(4)]
    expected: list[list[bytes]] = [[] for _ in listeners]
    places: set[tuple[str, str, int]] = set()
    for seq, (verb, topic, group, who) in enumerate(steps):
        if verb == "join":
            board.join(topic, group, listeners[who], Pen(group.encode()))
            places.add((topic, group, who))
        elif verb == "leave":
            board.leave(topic, group, listeners[who])
            places.discard((topic, group, who))
        elif verb == "remove":
            board.remove(listeners[who])
            places = {place for place in places if place[2] != who}
        else:
            board.update(update(topic, seq))
            for _, place_group, place_who in (place for place in places if place[0] == topic):
                expected[place_who].append(f"{place_group}{seq}".encode())
    assert [sorted(listener.heard) for listener in listeners] == [sorted(heard) for heard in expected]
    assert len(board) == len({topic for topic, _, _ in places})
    assert board.members == len({who for _, _, who in places})


def test_the_order_of_updates_is_kept() -> None:
    board, listener = Topics(), Listener()
    board.join("t", "g", listener, Pen())
    for seq in range(100):
        board.update(update(seq=seq))
    assert listener.heard == [str(seq).encode() for seq in range(100)]


@pytest.mark.parametrize("group", ["g", ("mycharts", 1), 7, None])
def test_any_hashable_is_a_group(group: str | tuple[str, int] | int | None) -> None:
    board, listener = Topics(), Listener()
    board.join("t", group, listener, Pen())
    board.update(update())
    board.leave("t", group, listener)
    assert listener.heard == [b"1"]
    assert len(board) == 0


def draw_rows(update: Update) -> bytes:
    rows = b",".join(b"%s" % str(row[0]).encode() * row[1] for row in update.payload)
    return b"%d>%d:" % (update.prev_seq, update.seq) + rows


def numbers(heard: list[bytes]) -> list[tuple[int, ...]]:
    """The pairs of numbers that were heard: of the row before a message's first, and of its last."""
    return [tuple(map(int, each.partition(b":")[0].split(b">"))) for each in heard]


def test_an_update_that_is_too_long_for_a_frame_becomes_several_without_a_gap() -> None:
    board, listener = Topics(chunk_bytes=1_000), Listener()
    board.join("t", "g", listener, draw_rows)
    rows = tuple((number % 10, 1 + number % 60) for number in range(400))
    board.update(Update("t", 500, rows, left_out=3))

    assert len(listener.heard) > 10
    assert all(len(each) <= 1_000 for each in listener.heard)
    assert set(listener.keys) == {("t", "g")}
    found = numbers(listener.heard)
    assert (found[0][0], found[-1][1]) == (500 - 400 - 3, 500)
    assert [prev for prev, _ in found[1:]] == [last for _, last in found[:-1]]
    drawn = b",".join(each.partition(b":")[2] for each in listener.heard)
    assert drawn == draw_rows(Update("t", 500, rows)).partition(b":")[2]


def test_how_many_rows_fit_is_remembered_so_that_no_later_update_is_drawn_in_vain() -> None:
    drawn = []
    board, listener = Topics(chunk_bytes=1_000), Listener()
    board.join("t", "g", listener, lambda update: drawn.append(len(update.payload)) or draw_rows(update))
    rows = tuple((1, 50) for _ in range(100))
    for seq in (100, 200):
        drawn.clear()
        listener.heard.clear()
        board.update(Update("t", seq, rows))
    assert len(drawn) == len(listener.heard) > 1


def test_a_row_that_is_too_long_by_itself_is_sent_as_it_is() -> None:
    board, listener = Topics(chunk_bytes=10), Listener()
    board.join("t", "g", listener, draw_rows)
    board.update(Update("t", 2, ((1, 50), (2, 50))))
    assert numbers(listener.heard) == [(0, 1), (1, 2)]


def test_what_waited_for_a_rate_is_cut_as_well() -> None:
    timing, listener = StillTime(), Listener()
    board = Topics(timing=timing, chunk_bytes=1_000)
    board.join("t", "g", listener, draw_rows, 1.0)
    for seq in range(1, 101):
        board.update(Update("t", seq, ((seq, 50),)))
    timing.pass_by(2.0)
    assert all(len(each) <= 1_000 for each in listener.heard)
    found = numbers(listener.heard)
    assert (found[0][0], found[-1][1]) == (0, 100)
    assert [prev for prev, _ in found[1:]] == [last for _, last in found[:-1]]


def test_an_empty_drawing_is_not_pushed() -> None:
    board, listener = Topics(), Listener()
    board.join("t", "g", listener, lambda _update: b"")
    board.update(update())
    assert (listener.heard, board.failures) == ([], 0)


def test_corrected_rows_alone_are_never_replaced_by_a_later_frame() -> None:
    board, listener = Topics(), Listener()
    board.join("t", "g", listener, Pen())
    board.update(Update("t", 1, (), corrected=((1, 1),)))
    board.update(Update("t", 2, ((2, 2),), corrected=((1, 1),)))
    assert listener.keys == [None, ("t", "g")]


def test_an_update_without_rows_replaces_no_frame_and_takes_nothing_from_what_waits() -> None:
    timing, often, seldom = StillTime(), Listener(), Listener()
    board = Topics(timing=timing)
    board.join("t", "g", often, draw_rows)
    board.join("t", "g", seldom, draw_rows, 1.0)
    for seq, rows in ((1, ((1, 5),)), (2, ((2, 5),)), (2, ()), (3, ((3, 5),))):
        board.update(Update("t", seq, rows))
    timing.pass_by(2.0)
    board.update(Update("t", 3, ()))
    assert often.keys == [("t", "g"), ("t", "g"), None, ("t", "g"), None]
    assert numbers(often.heard) == [(0, 1), (1, 2), (2, 2), (2, 3), (3, 3)]
    assert numbers(seldom.heard) == [(0, 1), (1, 3), (3, 3)]


def test_the_subscribers_of_a_group_are_those_of_every_rate() -> None:
    board, listeners = Topics(timing=StillTime()), [Listener() for _ in range(3)]
    for listener, rate in zip(listeners, (None, 1.0, 2.0), strict=True):
        board.join("t", "g", listener, Pen(), rate)
    assert set(board.subscribers("t", "g")) == set(listeners)
    assert board.subscribers("t", "h") == board.subscribers("u", "g") == ()
