"""Names that are remembered for a minute."""

from rtserver.user.session.recent_name import RecentNames


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_name_is_remembered_for_a_minute_from_when_it_was_last_added() -> None:
    clock = Clock()
    names = RecentNames(clock)
    names.add("a")
    clock.now += 50
    names.add("b")
    names.add("a")
    clock.now += 50
    assert [names.has_any(name) for name in "abc"] == [True, True, False]
    assert names.has_any("c", "b")
    clock.now += 11
    assert not names.has_any("a", "b")


def test_what_is_old_makes_room_when_something_is_added() -> None:
    clock = Clock()
    names = RecentNames(clock)
    for number in range(100):
        names.add(f"n{number}")
        clock.now += 10
    assert len(names) == 7
