"""Updates that are merged leave a client with the rows that each of them would have left."""

from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.bridge.message import Cell, Row, Update
from rtserver.user.topic.merged_update import MergedUpdate


def merged(*updates: Update) -> Update:
    together = MergedUpdate()
    for update in updates:
        together.add(update)
    return together.take()


def rows_after(*updates: Update) -> dict[Cell, Row]:
    """Rows of a client that takes corrections, by label."""
    shown: dict[Cell, Row] = {}
    for update in updates:
        shown.update({row[0]: row for row in (*update.corrected, *update.payload)})
    return shown


STEPS = st.lists(st.tuples(st.integers(0, 1), st.lists(st.integers(0, 5), max_size=3)), min_size=1, max_size=20)
"""For each update: how far the newest label goes on, and how far behind it rows are corrected."""


def updates_of(steps: list[tuple[int, list[int]]]) -> list[Update]:
    newest, updates = 0, []
    for seq, (step, behind) in enumerate(steps, 1):
        newest += step
        corrected = tuple({newest - back: (newest - back, f"corrected in {seq}") for back in behind}.values())
        updates.append(Update("t", seq, ((newest, f"row of {seq}"),), corrected=corrected))
    return updates


@given(STEPS)
def test_a_client_sees_the_same_rows_as_if_nothing_had_been_merged(steps: list[tuple[int, list[int]]]) -> None:
    updates = updates_of(steps)
    together = merged(*updates)
    assert rows_after(together) == rows_after(*updates)
    assert (together.prev_seq, together.seq) == (0, len(steps))


def test_a_row_that_waits_is_corrected_in_its_place() -> None:
    together = merged(Update("t", 2, ((1, "a"), (2, "b"))), Update("t", 3, ((2, "b"),), corrected=((1, "A"),)))
    assert (together.payload, together.corrected) == (((1, "A"), (2, "b")), ())


def test_a_row_that_was_sent_is_corrected_once_however_often_it_changed() -> None:
    together = merged(*(Update("t", seq, ((9, seq),), corrected=((1, seq),)) for seq in (1, 2, 3)))
    assert (together.payload, together.corrected) == (((9, 3),), ((1, 3),))


def test_a_picture_that_one_of_them_calls_for_is_called_for_once() -> None:
    waiting = MergedUpdate()
    waiting.add(Update("t", 1, ((1, 1),), needs_picture=True))
    waiting.add(Update("t", 2, ((2, 1),)))
    assert waiting.take().needs_picture
    waiting.add(Update("t", 3, ((3, 1),)))
    assert not waiting.take().needs_picture


def test_fields_are_the_last_ones_that_were_told() -> None:
    told = (Update("t", 1, ((1, 1),), fields={"bid": 1}), Update("t", 2, ((2, 1),), fields={"bid": 2}))
    assert merged(*told, Update("t", 3, ((3, 1),))).fields == {"bid": 2}


def test_corrected_rows_count_and_nothing_is_left_after_they_were_taken() -> None:
    together = MergedUpdate()
    together.add(Update("t", 4, (), corrected=((1, 1), (2, 2)), fields={"bid": 1}))
    assert len(together) == 2
    together.take()
    assert len(together) == 0
    together.add(Update("t", 5, ((3, 3),)))
    assert together.take() == Update("t", 5, ((3, 3),))
