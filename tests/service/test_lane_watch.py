"""Lanes that are held up, at moments that are made up."""

from dataclasses import dataclass

from rtserver.service.lane_watch import LaneWatch


@dataclass
class Lane:
    msg_type: str = "a"
    is_working: bool = False
    done: int = 0


def test_an_idle_lane_is_not_busy():
    watch = LaneWatch([Lane()], 5.0)
    assert [list(watch.look(now)) for now in (100, 110, 120)] == [[], [], []]
    assert watch.busy(130) == {"a": 0}


def test_one_message_that_takes_too_long_is_told_once():
    lane = Lane(is_working=True)
    watch = LaneWatch([lane], 5.0)
    found = [list(watch.look(now)) for now in (100, 102, 104.9, 105, 106, 200)]
    assert found == [[], [], [], ["a"], [], []]
    assert watch.busy(200) == {"a": 100}


def test_messages_that_come_one_after_the_other_are_no_stall():
    lane = Lane(is_working=True)
    watch = LaneWatch([lane], 5.0)
    for second in range(20):
        lane.done += 1
        assert list(watch.look(100 + second)) == []
    assert watch.busy(119) == {"a": 0}


def test_the_next_message_that_takes_too_long_is_told_again():
    lane = Lane(is_working=True)
    watch = LaneWatch([lane], 5.0)
    assert [list(watch.look(now)) for now in (100, 105)] == [[], ["a"]]
    lane.done += 1
    assert [list(watch.look(now)) for now in (106, 111)] == [[], ["a"]]
    lane.is_working = False
    assert list(watch.look(112)) == []
    lane.is_working = True
    assert [list(watch.look(now)) for now in (113, 118)] == [[], ["a"]]


def test_one_lane_is_held_up_and_the_other_is_not():
    held, free = Lane("held", is_working=True), Lane("free", is_working=True)
    watch = LaneWatch([held, free], 5.0)
    watch.look(100)
    free.done += 1
    assert list(watch.look(105)) == ["held"]
    assert watch.busy(105) == {"held": 5, "free": 0}
