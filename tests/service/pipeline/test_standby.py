from rtserver.service.pipeline.standby import BUSY, Standby


def standing() -> Standby:
    """A standby that others have moved ten messages beside, in a hundredth of a second."""
    standby = Standby()
    standby.note(100.0, 1, 50)
    assert standby.note(100.01, 0, 60)
    return standby


def test_an_intake_that_was_woken_for_nothing_stands_by_while_others_move_much() -> None:
    standby = standing()
    assert standby.is_standing
    assert [standby.look(61), standby.look(70), standby.look(70)] == [True, True, False]
    assert not standby.is_standing


def test_one_that_moved_something_stands_by_for_nobody() -> None:
    standby = Standby()
    standby.note(100.0, 1, 50)
    assert standby.note(100.01, 1, 60)
    assert not standby.is_standing


def test_few_messages_are_waited_for_by_all() -> None:
    standby = Standby()
    standby.note(100.0, 1, 50)
    assert standby.note(100.5, 0, 50 + int(BUSY * 0.5))
    assert not standby.is_standing


def test_an_intake_that_nobody_moves_beside_is_told_of_no_others() -> None:
    standby = Standby()
    assert [standby.note(100.0 + at, moved, 50 + at) for at, moved in enumerate((0, 1, 1, 1))] == [False] * 4


def test_a_bus_that_begins_anew_ends_the_standing() -> None:
    standby = standing()
    assert not standby.look(1)
    assert not standby.note(100.02, 0, 1)
    assert not standby.is_standing
