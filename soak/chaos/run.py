"""The run: fault after fault under traffic, and after each one a settling of accounts."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import redis

from soak.chaos import table, whereabouts
from soak.chaos.chart_copy import BadChartError
from soak.chaos.child import ChildError
from soak.chaos.fault import FAULTS
from soak.chaos.fault_kind import Fault
from soak.chaos.ledger import Episode, Missing, Violation
from soak.chaos.numbered import Kind
from soak.chaos.page import PageError
from soak.chaos.plan import CALM_SECONDS, Draw, Range, plan
from soak.chaos.size import Size
from soak.chaos.stage import Stage
from soak.chaos.table import Result

LOOK_SECONDS = 0.05
LINGER_SECONDS = 0.3  # after all is there: what comes now comes twice
FORGET_SECONDS = 4.0
LONGEST_EPISODE = 12.0  # what is left of the time has to be enough for one more, as a rule
MOST_TRACED = 200
TROUBLES = (ChildError, PageError, BadChartError, TimeoutError)


@dataclass(frozen=True)
class Order:
    """Order of a run. ``patience``: seconds in which all that was sent has to arrive after a fault.

    ``episodes`` bounds their number, besides the time; None for no bound. ``calm``: see ``plan``.
    """

    seed: int
    seconds: float
    faults: Sequence[Fault] = FAULTS
    size: Size = field(default_factory=Size)
    patience: float = 60.0
    episodes: int | None = None
    calm: Range = CALM_SECONDS


async def run(order: Order, say: Callable[[str], object]) -> Result:
    """Do it all; ``say`` gets a line for each fault. What breaks the run itself is in the result's ``troubles``."""
    result = Result(order.seed)
    begun = time.monotonic()
    try:
        async with Stage(order.size, order.seed) as stage:
            say(f"{time.monotonic() - begun:5.0f} s  {order.size.told()}, {len(stage.audience.pages)} pages")
            try:
                await _episodes(order, stage, result, begun, say)
            except TROUBLES as error:
                result.troubles.append(_told(error))
            result.violations = stage.ledger.violations
            result.facts = _facts(stage)
            result.places = await asyncio.to_thread(_places, stage)
    except TROUBLES as error:
        result.troubles.append(_told(error))
    return result


async def _episodes(order: Order, stage: Stage, result: Result, begun: float, say: Callable[[str], object]) -> None:
    faults = {fault.name: fault for fault in order.faults if fault.fits(order.size)}
    draws = plan(order.seed, [(fault.name, fault.least, fault.most) for fault in faults.values()], order.calm)
    while _has_time(order, result, begun):
        draw = next(draws)
        episode = await _episode(stage, draw, faults[draw.fault], order.patience)
        result.episodes.append(episode)
        say(table.progress(time.monotonic() - begun, episode))
    await stage.wait_ready()


def _has_time(order: Order, result: Result, begun: float) -> bool:
    if order.episodes is not None and len(result.episodes) >= order.episodes:
        return False
    return not result.episodes or time.monotonic() - begun + LONGEST_EPISODE < order.seconds


async def _episode(stage: Stage, draw: Draw, fault: Fault, patience: float) -> Episode:
    ledger, before = stage.ledger, stage.redis.failovers
    ledger.begin(draw.fault, time.monotonic())
    await stage.audience.leave()
    await asyncio.sleep(LINGER_SECONDS)  # a visitor has gone when the server knows it
    stage.go()
    await asyncio.sleep(draw.before)
    if draw.is_visited:
        stage.audience.come_back()
    await fault.break_it(stage, draw.seconds, random.Random(draw.seed))
    await stage.audience.wait_connected()
    stage.audience.come_back()
    await asyncio.sleep(draw.after)
    async with asyncio.timeout(patience):
        await stage.pause()
    await _settle(stage, patience, may_forget=lambda: stage.redis.failovers > before)
    await asyncio.sleep(LINGER_SECONDS)
    stage.read_notes()
    stage.check()
    episode = ledger.end(time.monotonic())
    has_failed_over = stage.redis.failovers > before
    if has_failed_over:
        stage.unsure_until = ledger.sent_of(Kind.ONCE)
    if sum(episode.wrong.values()):
        _excuse(stage, await asyncio.to_thread(_find, stage, ledger.violations) if has_failed_over else {})
    return episode


def _excuse(stage: Stage, found: Mapping[whereabouts.Mark, list[str]]) -> None:
    """Excuse what came again because of a failover. Work whose acknowledgement was lost may come much later: whoever
    takes it over waits first.
    """

    def is_excused(source: str, number: int) -> bool:
        if source == Kind.ONCE and number <= stage.unsure_until:
            return True
        return (source, number) in found and whereabouts.is_once_on_bus(found[source, number])

    stage.ledger.excuse(is_excused)


async def _settle(stage: Stage, patience: float, may_forget: Callable[[], bool]) -> None:
    """Return when everything is where it has to be, or the patience is over.

    What is on its way is in Redis. So after a failover, what nobody sends any more and Redis does not have, is lost.
    """
    begun = time.monotonic()
    forget_at = begun + FORGET_SECONDS
    while not stage.ledger.is_settled and time.monotonic() < begun + patience:
        stage.check()
        await asyncio.sleep(LOOK_SECONDS)
        if time.monotonic() >= forget_at and may_forget():
            stage.ledger.forgive(await asyncio.to_thread(_forgotten, stage))
            forget_at = time.monotonic() + FORGET_SECONDS


def _forgotten(stage: Stage) -> list[Missing]:
    """Return what a receiver misses and Redis cannot give it any more; nothing if Redis cannot be asked just now."""
    missing = stage.ledger.missing()
    try:
        found = _find(stage, missing)
    except redis.RedisError:
        return []
    return [one for one in missing if not whereabouts.is_kept(one.source, found[one.source, one.number])]


def _find(stage: Stage, wanted: Iterable[Missing | Violation]) -> dict[whereabouts.Mark, list[str]]:
    """Look for messages in all of Redis. Raises ``redis.RedisError``."""
    return whereabouts.find({(one.source, one.number) for one in wanted}, dict(stage.redis.places()))


def _places(stage: Stage) -> list[str]:
    """Return the places of messages that a receiver still misses."""
    missing = stage.ledger.missing()[:MOST_TRACED]
    if not missing:
        return []
    try:
        return whereabouts.describe(_find(stage, missing))
    except redis.RedisError as error:
        return [f"Redis cannot be asked: {error}"]


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _facts(stage: Stage) -> dict[str, int]:
    pages = stage.audience.pages
    return {
        "connections of pages": sum(page.connections for page in pages),
        "resumed": sum(page.follower.resumed for page in pages),
        "resumes lost": sum(page.follower.resumes_lost for page in pages),
        "dropped by the offset rule": sum(page.follower.dropped for page in pages),
        "pictures of charts": sum(chart.pictures for page in pages for chart in page.follower.charts.values()),
        "failovers": stage.redis.failovers,
        "RPUSHes": sum(producer.attempts for producer in stage.producers),
        "RPUSHes without an answer, sent again": sum(producer.failures for producer in stage.producers),
    }
