"""Lanes that are held up, at moments that are made up."""

from dataclasses import dataclass

from rtserver.service.pipeline.lane_watch import LaneWatch


@dataclass
class Lane:
    msg_type: str = "a"
    at_work: int | None = None


def test_an_idle_lane_is_not_busy() -> None:
    watch = LaneWatch([Lane()], 5.0)
    assert [list(watch.look(now)) for now in (100, 110, 120)] == [[], [], []]
    assert watch.busy(130) == {"a": 0}


def test_one_message_that_takes_too_long_is_told_once() -> None:
    lane = Lane(at_work=0)
    watch = LaneWatch([lane], 5.0)
    found = [list(watch.look(now)) for now in (100, 102, 104.9, 105, 106, 200)]
    assert found == [[], [], [], ["a"], [], []]
    assert watch.busy(200) == {"a": 100}


def test_messages_that_come_one_after_the_other_are_no_stall() -> None:
    lane = Lane(at_work=0)
    watch = LaneWatch([lane], 5.0)
    for second in range(20):
        lane.at_work += 1
        assert list(watch.look(100 + second)) == []
    assert watch.busy(119) == {"a": 0}


def test_the_next_message_that_takes_too_long_is_told_again() -> None:
    lane = Lane(at_work=0)
    watch = LaneWatch([lane], 5.0)
    assert [list(watch.look(now)) for now in (100, 105)] == [[], ["a"]]
    lane.at_work += 1
    assert [list(watch.look(now)) for now in (106, 111)] == [[], ["a"]]
    lane.at_work = None
    assert list(watch.look(112)) == []
    lane.at_work = 1
    assert [list(watch.look(now)) for now in (113, 118)] == [[], ["a"]]


def test_one_lane_is_held_up_and_the_other_is_not() -> None:
    held, free = Lane("held", at_work=0), Lane("free", at_work=0)
    watch = LaneWatch([held, free], 5.0)
    watch.look(100)
    free.at_work += 1
    assert list(watch.look(105)) == ["held"]
    assert watch.busy(105) == {"held": 5, "free": 0}
