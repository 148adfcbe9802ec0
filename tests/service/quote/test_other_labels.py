"""Times of day, bars that are sent while they grow, and texts: who came early sees what who comes late sees."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from rtserver.market.book.quote_book import BookRules
from tests.service.quote.desk import MONDAY, Desk
from tests.service.quote.viewer import Viewer, is_same

PERIODS: tuple[float | str, ...] = (0, 7, 60, 90, 300, "1d", "1w")
INDICATORS = ["sma:3", "ema:2", "vwap", "obv", "boll:4"]


def times(chance: random.Random, count: int) -> Iterator[tuple[int, int]]:
    """Yield times, some of them late by less than a minute, some behind a night, and when they arrive."""
    now = MONDAY + 9 * 3_600_000
    for _ in range(count):
        now += chance.choice([0, 1, 5, 20, 50]) * 1_000
        if chance.random() < 0.02:
            now += 14 * 3_600_000 if chance.random() < 0.5 else 3 * 3_600_000
        yield now - chance.choice([0, 0, 0, 0, 0, 3_000, 40_000]), now


def clock_points(chance: random.Random) -> Iterator[tuple[list[Any], int]]:
    for time, now in times(chance, 300):
        seconds = time // 1_000 % 86_400
        label = f"{seconds // 3_600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        yield [label, 100 + chance.randrange(9)], now


def bar_points(chance: random.Random) -> Iterator[tuple[list[Any], int]]:
    for time, now in times(chance, 300):
        low, high = sorted((90 + chance.randrange(9), 90 + chance.randrange(9)))
        yield [time // 60_000 * 60_000, low, high, low, high, chance.randrange(50)], now


def mixed_points(chance: random.Random) -> Iterator[tuple[list[Any], int]]:
    for (bar, now), price in zip(bar_points(chance), chance.choices(range(90, 99), k=300), strict=True):
        yield (bar if chance.random() < 0.5 else [bar[0], price]), now


def text_points(chance: random.Random) -> Iterator[tuple[list[Any], int]]:
    for number in range(300):
        yield [f"lot {number - number % chance.choice([1, 2])}", 100 + chance.randrange(9)], MONDAY + number


@pytest.mark.parametrize("points", [clock_points, bar_points, mixed_points, text_points])
@pytest.mark.parametrize("seed", range(4))
def test_who_came_early_sees_what_who_comes_late_sees(points: Any, seed: int) -> None:
    chance = random.Random(seed)
    desk = Desk(rules=BookRules(tail_ticks=1_000))
    viewers: list[tuple[Viewer, float | str]] = []
    told = list(points(chance))
    for number, (point, now) in enumerate(told):
        if chance.random() < 0.1:
            period = chance.choice(PERIODS)
            desk.deliver(*(viewer for viewer, _ in viewers))
            viewers.append((desk.watch(100 + number, period=period, indicators=INDICATORS), period))
        desk.tell([point], now_ms=now)
        desk.deliver(*(viewer for viewer, _ in viewers))
    for viewer, period in viewers:
        late = desk.picture(1, period=period, indicators=INDICATORS)
        assert [row[0] for row in viewer.rows] == [row[0] for row in late.rows]
        assert all(map(is_same, viewer.rows, late.rows))
    for period in PERIODS:  # and a server that begins with the whole history
        other = Desk(rules=BookRules(tail_ticks=1_000))
        for point, now in told:
            other.tell([point], now_ms=now)
        ours, theirs = (each.picture(2, period=period, indicators=INDICATORS).rows for each in (desk, other))
        assert len(ours) == len(theirs)
        assert all(map(is_same, ours, theirs))


@pytest.mark.parametrize("points", [clock_points, bar_points, mixed_points])
@pytest.mark.parametrize("seed", range(4))
def test_every_period_has_the_volume_that_was_traded(points: Any, seed: int) -> None:
    desk = Desk(rules=BookRules(tail_ticks=1_000))
    for point, now in points(random.Random(seed)):
        desk.tell([point], now_ms=now)
    volumes = {sum(row[5] for row in desk.picture(2, period=period).rows) for period in PERIODS}
    assert len(volumes) == 1


@pytest.mark.parametrize("period", [0, 7, 60])
@pytest.mark.parametrize("is_clock_first", [True, False])
@pytest.mark.parametrize("is_followed", [True, False])
def test_a_bar_sent_again_with_another_label_of_its_moment_is_one_row(
    period: float, is_clock_first: bool, is_followed: bool
) -> None:
    noon = MONDAY + 12 * 3_600_000
    labels: list[Any] = ["12:00:00", noon, "12:00"] if is_clock_first else [noon, "12:00", noon]
    desk = Desk()
    desk.tell([["11:59:00" if is_clock_first else noon - 60_000, 5, 5, 5, 5, 1]], now_ms=noon)
    viewer = desk.watch(1, period=period, indicators=["sma:2"])
    for number, label in enumerate(labels):
        desk.tell([[label, 5, 6 + number, 5, 9, 10 + number]], now_ms=noon + 1_000 * number)
        desk.deliver(viewer)
        if is_followed and not number:
            desk.tell([["12:00:30" if is_clock_first else noon + 30_000, 7]], now_ms=noon + 30_000)
            desk.deliver(viewer)
    late = desk.picture(2, period=period, indicators=["sma:2"])
    assert list(late.rows) == viewer.rows
    assert len({row[0] for row in viewer.rows}) == len(viewer.rows) == 2 + (is_followed and period != 60)
