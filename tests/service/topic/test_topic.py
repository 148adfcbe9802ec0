"""Rows that a topic has not sent: their numbers have no gap, whatever is left out."""

from rtserver.service.topic.topic import Topic


def test_rows_that_are_all_left_out_have_their_numbers() -> None:
    topic = Topic("quotes/A:B/7s/")
    topic.seq, topic.left_out = 5, 5
    assert [(each.prev_seq, each.seq, each.payload) for each in topic.take_unsent()] == [(0, 5, ())]
    assert topic.take_unsent() == []
