"""Rows that a topic has not sent: their numbers have no gap, whatever is left out."""

from rtserver.base.bridge.message import Message, Snapshot, Update
from rtserver.service.topic.publisher import Publisher
from rtserver.service.topic.topic import Topic


def test_rows_that_are_all_left_out_have_their_numbers() -> None:
    topic = Topic("quotes/A:B/7s/")
    topic.seq, topic.left_out = 5, 5
    assert [(each.prev_seq, each.seq, each.payload) for each in topic.take_unsent()] == [(0, 5, ())]
    assert topic.take_unsent() == []


def test_a_viewer_who_comes_behind_rows_that_were_left_out_has_no_gap() -> None:
    posted: list[Message] = []
    publisher, topic = Publisher(posted.append), Topic("quotes/A:B/7s/")
    publisher.add_viewer(topic, (1, 1))
    publisher.show(topic, b"")
    topic.seq, topic.left_out = 5, 5
    publisher.add_viewer(topic, (2, 2))
    publisher.show(topic, b"")
    assert posted[1:] == [Update(topic.name, 5, (), 5), Snapshot(2, 2, topic.name, 5, b"")]
