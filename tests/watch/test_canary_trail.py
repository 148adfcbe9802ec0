"""Trail of canaries, with moments that are made up."""

import pytest

from rtserver.watch.canary_trail import MEANINGS, CanaryStage, CanaryTrail

START = 1000.0


@pytest.fixture
def trail() -> CanaryTrail:
    return CanaryTrail(5.0, START)


def send(trail: CanaryTrail, sent: float, *stages: CanaryStage) -> None:
    for stage in stages:
        trail.reach(stage, sent)


WAY = (CanaryStage.LIST, CanaryStage.BRIDGE, CanaryStage.DOOR, CanaryStage.SOCKET)


def test_one_that_has_come_all_the_way_is_as_old_as_its_sending(trail: CanaryTrail) -> None:
    send(trail, START + 1, *WAY)
    trail.come_home(START + 1)
    assert trail.age(START + 3) == 2
    assert trail.returned == 1


def test_before_the_first_one_the_age_counts_from_the_start(trail: CanaryTrail) -> None:
    assert trail.age(START + 4) == 4
    assert not trail.is_late(START + 15)
    assert trail.is_late(START + 15.1)


def test_where_the_cause_is_known_no_place_is_blamed_and_the_log_hears_of_none(trail: CanaryTrail) -> None:
    send(trail, START + 1, *WAY)
    assert trail.meaning() == MEANINGS[CanaryStage.SOCKET]
    trail.cause = lambda: "Redis has no memory left"
    assert trail.meaning() == "Redis has no memory left"
    assert trail.look(START + 60) is None
    trail.cause = lambda: ""
    assert MEANINGS[CanaryStage.SOCKET] in trail.look(START + 60)


def test_without_canaries_nothing_is_late() -> None:
    trail = CanaryTrail(0.0, START)
    assert trail.age(START + 1e6) == 0
    assert not trail.is_late(START + 1e6)
    assert trail.look(START + 1e6) is None


@pytest.mark.parametrize("held_up", [CanaryStage.LIST, CanaryStage.BUS, CanaryStage.LANE])
def test_between_list_and_bridge_it_is_looked_for(trail: CanaryTrail, held_up: CanaryStage) -> None:
    trail.search = lambda: held_up
    send(trail, START + 1, CanaryStage.LIST)
    assert trail.stage() is held_up


@pytest.mark.parametrize("count", [2, 3, 4])
def test_behind_the_bridge_the_furthest_place_counts(trail: CanaryTrail, count: int) -> None:
    send(trail, START + 1, *WAY[:count])
    send(trail, START + 2, CanaryStage.LIST)
    assert trail.stage() is WAY[count - 1]


def test_one_that_cannot_be_sent_is_nowhere(trail: CanaryTrail) -> None:
    assert trail.stage() is CanaryStage.NOWHERE
    send(trail, START + 1, *WAY)
    trail.come_home(START + 1)
    assert trail.stage() is CanaryStage.NOWHERE


def test_one_that_comes_late_or_out_of_turn_counts(trail: CanaryTrail) -> None:
    for sent in (START + 1, START + 2):
        send(trail, sent, *WAY)
    trail.come_home(START + 2)
    trail.come_home(START + 1)
    assert trail.age(START + 3) == 1
    assert trail.returned == 2


def test_what_is_wrong_is_said_once_and_so_is_that_it_is_over(trail: CanaryTrail) -> None:
    send(trail, START + 1, CanaryStage.LIST, CanaryStage.BRIDGE)
    assert trail.look(START + 15) is None
    said = trail.look(START + 16)
    assert said is not None
    assert MEANINGS[CanaryStage.BRIDGE] in said
    assert "16.0 s" in said
    assert trail.look(START + 17) is None
    trail.come_home(START + 1)
    assert trail.look(START + 17) is None, "it is late still: one that old is no good"
    send(trail, START + 18, *WAY)
    trail.come_home(START + 18)
    assert trail.look(START + 19) == "= messages of our own come back again"
    assert trail.look(START + 20) is None


def test_that_nothing_can_be_put_on_the_list_is_for_others_to_say(trail: CanaryTrail) -> None:
    assert trail.look(START + 100) is None
    assert trail.is_late(START + 100)


def test_every_place_has_its_meaning() -> None:
    assert set(MEANINGS) == set(CanaryStage)
