import logging

import pytest

from rtserver.service.pipeline.outgrowth import LASTING_SECONDS, TELL_SECONDS, Outgrowth


class World:
    def __init__(self) -> None:
        self.now = 100.0
        self.outgrowth = Outgrowth(lambda: self.now)

    def note(self, holder: str, seconds: float = 0.0) -> None:
        self.now += seconds
        self.outgrowth.note(holder, 1_000)


def test_a_flood_that_is_over_soon_is_counted_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    for holder in ("users", "users", "", "users", ""):
        world.note(holder, LASTING_SECONDS * 0.9)
    assert world.outgrowth.moves == 3
    assert not caplog.records


def test_what_lasts_is_told_with_the_cursor_once_a_minute_and_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    world.note("history")
    for _ in range(int(TELL_SECONDS) + 1):
        world.note("history", 1.0)
    assert caplog.messages == [
        "! the bus has outgrown its 1000 bytes for 5 s: it keeps what the cursor history has not passed"
    ]
    world.note("history", TELL_SECONDS)
    assert len(caplog.records) == 2
    world.note("")
    world.note("")
    assert caplog.messages[2:] == ["= the bus has no more than its 1000 bytes again"]
