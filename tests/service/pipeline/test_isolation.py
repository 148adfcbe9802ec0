"""One suspect at a time: a clock that is moved by the pauses."""

from collections.abc import Callable

import pytest

from rtserver.service.pipeline.isolation import ALONE_SECONDS, LONGEST_WAIT, Isolation


class World:
    def __init__(self) -> None:
        self.time = 100.0
        self.busy_until = 0.0
        self.on_pause: Callable[[], None] = lambda: None
        self.isolation = Isolation(
            lambda owner: self.time >= self.busy_until, pause=self.pause, now=lambda: self.time
        )

    def pause(self, seconds: float) -> None:
        self.time += seconds
        self.on_pause()


def test_others_are_held_up_while_a_suspect_is_out_and_only_then() -> None:
    world = World()
    assert not world.isolation.holds_up("other")
    with world.isolation.alone("one"):
        assert world.isolation.holds_up("other")
        assert not world.isolation.holds_up("one")
    assert not world.isolation.holds_up("other")


def test_a_suspect_that_takes_long_holds_nobody_up_for_long() -> None:
    world = World()
    with world.isolation.alone("one"):
        world.time += ALONE_SECONDS
        assert not world.isolation.holds_up("other")


def test_a_suspect_waits_for_messages_that_are_out_but_not_for_ever() -> None:
    world = World()
    begun = world.time
    world.busy_until = begun + ALONE_SECONDS / 2
    with world.isolation.alone("one"):
        assert world.time == pytest.approx(world.busy_until, abs=0.01)
    world.busy_until = float("inf")
    begun = world.time
    with world.isolation.alone("one"):
        assert world.time == pytest.approx(begun + ALONE_SECONDS, abs=0.01)
        assert world.isolation.holds_up("other")


def test_a_second_suspect_waits_for_the_first() -> None:
    world = World()
    first = world.isolation.alone("one")
    first.__enter__()
    world.on_pause = lambda: first.__exit__(None, None, None)
    with world.isolation.alone("two"):
        assert world.isolation.holds_up("one")


def test_one_that_never_ends_does_not_hold_up_the_second_for_ever() -> None:
    world = World()
    begun = world.time
    with world.isolation.alone("one"):
        with world.isolation.alone("two"):
            assert world.time == pytest.approx(begun + LONGEST_WAIT, abs=0.01)
        assert not world.isolation.holds_up("three")


def test_a_suspect_that_raises_lets_the_others_go_on() -> None:
    world = World()
    with pytest.raises(KeyError), world.isolation.alone("one"):
        raise KeyError
    assert not world.isolation.holds_up("other")
