"""The run: fault after fault under traffic, and after each one a look whether everybody is served again."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from soak.chaos.child import ChildError
from soak.chaos.fault_kind import Fault
from soak.chaos.plan import CALM_SECONDS, plan
from soak.gateway.fault import FAULTS
from soak.gateway.layout import Size
from soak.gateway.report import Result, failures, progress
from soak.gateway.stage import NotWellError, Stage
from soak.gateway.trouble import log_troubles

RECOVERY_SECONDS = 30.0
"""Some wait for a lease of ten seconds, and backoff goes up to a few."""
TROUBLES = (ChildError, NotWellError, TimeoutError)


@dataclass(frozen=True)
class Order:
    """Order of a run, whose faults end after ``seconds``, and not before so many ``calls``.

    ``slack``: seconds by which a call may end after its deadline.
    """

    seed: int
    seconds: float
    calls: int = 0
    faults: Sequence[Fault] = FAULTS
    size: Size = field(default_factory=Size)
    slack: float = 1.0


async def run(order: Order, say: Callable[[str], object]) -> Result:
    """Do it all; ``say`` gets a line for each fault."""
    result = Result(order.seed)
    begun = time.monotonic()
    try:
        async with Stage(order.size, order.seed, order.slack) as stage:
            say(f"{time.monotonic() - begun:5.0f} s  {order.size.told()}")
            try:
                await _episodes(order, stage, result, begun, say)
                await stage.settle()
            except TROUBLES as error:
                result.troubles.append(f"{stage.account.episode.fault}: {type(error).__name__}: {error}")
            result.violations = stage.account.violations
            result.troubles += log_troubles({program.name: program.log for program in stage.programs})
            result.facts = _facts(stage, result)
    except TROUBLES as error:
        result.troubles.append(f"{type(error).__name__}: {error}")
    return result


async def _episodes(order: Order, stage: Stage, result: Result, begun: float, say: Callable[[str], object]) -> None:
    faults = {fault.name: fault for fault in order.faults if fault.fits(order.size)}
    draws = plan(order.seed, [(fault.name, fault.least, fault.most) for fault in faults.values()], CALM_SECONDS)
    while not result.episodes or time.monotonic() - begun < order.seconds or stage.account.calls < order.calls:
        draw = next(draws)
        stage.account.start(draw.fault)
        await asyncio.sleep(draw.before)
        await faults[draw.fault].break_it(stage, draw.seconds, random.Random(draw.seed))
        episode = stage.account.episode
        episode.recovery = await stage.wait_well(RECOVERY_SECONDS)
        await asyncio.sleep(draw.after)
        result.episodes.append(episode)
        say(progress(time.monotonic() - begun, episode))


def _facts(stage: Stage, result: Result) -> dict[str, str]:
    account = stage.account
    facts = {
        "calls": account.calls,
        "runs by services": account.runs,
        "idempotent calls that ran again": account.repeated,
        "runs whose caller had been told already that the call failed": account.late_runs,
        "pushes that a service could not send, and said so": account.unpushed,
        "pushes whose connection was lost before they came": account.excused_pushes,
    }
    told = {name: f"{count:,}" for name, count in facts.items()}
    told |= {f"failed {cause}": f"{count:,}" for cause, count in failures(result.episodes).items()}
    return {**told, "the observer was late by at most": f"{stage.lag:.2f} s"}
