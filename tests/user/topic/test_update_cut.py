"""An update that is cut says the same, and its numbers have no gap."""

from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.bridge.message import Row, Update
from rtserver.user.topic.update_cut import cut_update

ROWS: st.SearchStrategy[tuple[Row, ...]] = st.lists(st.tuples(st.integers(0, 9)), min_size=1, max_size=40).map(tuple)


@given(ROWS, st.integers(0, 20), st.integers(1, 50))
def test_the_pieces_are_the_update(rows: tuple[Row, ...], left_out: int, most: int) -> None:
    update = Update("t", 1000, rows, left_out)
    pieces = list(cut_update(update, most))
    assert sum((piece.payload for piece in pieces), ()) == rows
    assert all(1 <= len(piece.payload) <= most for piece in pieces)
    assert (pieces[0].prev_seq, pieces[-1].seq) == (update.prev_seq, update.seq)
    assert [piece.prev_seq for piece in pieces[1:]] == [piece.seq for piece in pieces[:-1]]


def test_corrected_rows_and_fields_are_in_the_first_piece_only() -> None:
    update = Update("t", 3, ((1,), (2,), (3,)), corrected=((0,),), fields={"bid": 1}, needs_picture=True)
    first, *others = cut_update(update, 1)
    assert (first.corrected, first.fields, first.needs_picture) == (update.corrected, update.fields, True)
    assert {(piece.corrected, piece.fields, piece.needs_picture) for piece in others} == {((), None, False)}
