"""The play: pages in two regions, a producer at the core, and a way between them that is cut and mended."""

import asyncio
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.sessions import make_sessions
from soak.regions.place import REGIONS, Server, World, built
from soak.rolling import KIND, Producer, cancel, until
from soak.traveller import Notes, Traveller

MOST_SECONDS_UNNOTICED = 4.0
SURELY_NOTICED_SECONDS = 10.0
"""By then each call to a core that is cut off has been given up."""


@dataclass(frozen=True)
class Report:
    """Counts of all pages together. ``noticed_seconds`` are from each cut of a replica until another server is read.

    ``ready_while_cut`` counts the servers that said so of themselves although they could not reach the core.
    ``delay_ms`` are the median and the 99th of 100 of a message from the producer to a page, while nothing is cut.
    """

    pages: int
    messages: int
    deliveries: int
    lost: int
    repeated: int
    out_of_order: int
    resumed: int
    resume_lost: int
    failures: int
    bus_lost: int
    ready_while_cut: int
    noticed_seconds: list[float]
    returned_seconds: list[float]
    delay_ms: tuple[float, float]
    healed_seconds: list[float]

    @property
    def is_good(self) -> bool:
        """Tell whether every page saw everything once, and every silence was noticed in time."""
        losses = self.lost or self.repeated or self.out_of_order or self.resume_lost or self.bus_lost
        losses = losses or self.ready_while_cut
        return not losses and max(self.noticed_seconds) < MOST_SECONDS_UNNOTICED


class TimedNotes(Notes):
    """Notes with the moment of each message, and the messages that came although they had been seen."""

    def __init__(self) -> None:
        super().__init__(KIND)
        self.moments: list[float] = []
        self.repeated = 0

    def on_message(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """See ``Notes``."""
        before = len(self.numbers)
        answer = super().on_message(message)
        self.moments += [time.monotonic()] * (len(self.numbers) - before)
        self.repeated += message["type"] == KIND and self.is_live and len(self.numbers) == before
        return answer


class Play:
    """The pages and the producer in a world that is up."""

    def __init__(self, world: World, cookies: Sequence[str], rate: float) -> None:
        self._world = world
        self._pages: list[Traveller] = []
        share = len(cookies) // len(world.servers)
        for number, cookie in enumerate(cookies):
            page = Traveller(world.servers[number // share].port, cookie, KIND, time.monotonic)
            page.notes = TimedNotes()
            self._pages.append(page)
        self._producer = Producer(world.redis_url, rate)
        self._calm: list[tuple[int, int]] = []  # of the messages that nothing was cut for
        self.noticed: list[float] = []
        self.returned: list[float] = []
        self.healed: list[float] = []
        self.ready_while_cut = 0

    async def run(self, seconds: float, rounds: int, *, waits_for_return: bool) -> None:
        """Cut and mend, then wait until each page has the last message."""
        tasks = [asyncio.create_task(page.run()) for page in self._pages]
        await until(lambda: all(page.notes.is_live for page in self._pages), "all pages are let in")
        producing = asyncio.create_task(self._producer.run())
        for number in range(rounds):
            region = REGIONS[number % len(REGIONS)]
            await self._stay_calm(seconds)
            await self._cut_replica(region, waits_for_return=waits_for_return)
            await self._cut_region(region, seconds)
        self._producer.stop()
        await producing
        await self._until_all_have(self._producer.sent - 1)
        await cancel(*tasks)

    async def _stay_calm(self, seconds: float) -> None:
        first = self._producer.sent
        await asyncio.sleep(seconds)
        self._calm.append((first, self._producer.sent))
        await self._until_all_have(self._producer.sent - 1)

    async def _cut_replica(self, region: str, *, waits_for_return: bool) -> None:
        """Part the way that its replica follows: its servers can still reach the core, and should read there."""
        world, servers = self._world, self._world.of(region)
        world.cut(f"{region}-copy")
        begun = time.monotonic()
        await self._until_read(servers, f"redis://127.0.0.1:{world.wires.ports[region]}/0, the primary")
        self.noticed.append(round(time.monotonic() - begun, 2))
        await self._until_all_have(self._producer.sent - 1)
        world.mend(f"{region}-copy")
        if waits_for_return:
            begun = time.monotonic()
            await self._until_read(servers, f"redis://127.0.0.1:{world.replicas[region]}/0")
            self.returned.append(round(time.monotonic() - begun, 1))

    async def _cut_region(self, region: str, seconds: float) -> None:
        """Part all ways of a region: its pages have to wait, and those of the other one do not."""
        world = self._world
        world.cut(region, f"{region}-copy")
        await asyncio.sleep(seconds)
        if seconds > SURELY_NOTICED_SECONDS:
            self.ready_while_cut += sum(server.is_ready() for server in world.of(region))
        elsewhere = [page for page in self._pages if page not in self._pages_of(region)]
        await self._until_all_have(self._producer.sent - 1, elsewhere)
        world.mend(region, f"{region}-copy")
        begun = time.monotonic()
        await self._until_all_have(self._producer.sent - 1)
        self.healed.append(round(time.monotonic() - begun, 2))

    def _pages_of(self, region: str) -> list[Traveller]:
        share = len(self._pages) // len(self._world.servers)
        places = [place for place, server in enumerate(self._world.servers) if server.region == region]
        return [page for place in places for page in self._pages[place * share : (place + 1) * share]]

    async def _until_all_have(self, number: int, pages: Sequence[Traveller] | None = None) -> None:
        wanted = self._pages if pages is None else pages
        await until(lambda: all((one.notes.numbers[-1:] or [-1])[0] >= number for one in wanted), f"message {number}")

    async def _until_read(self, servers: Sequence[Server], address: str) -> None:
        await asyncio.gather(*(asyncio.to_thread(server.wait_read_at, address) for server in servers))

    def report(self) -> Report:
        """Add up."""
        notes = [page.notes for page in self._pages]
        sent = self._producer.sent
        return Report(
            pages=len(notes),
            messages=sent,
            deliveries=sum(len(one.numbers) for one in notes),
            lost=sum(sent - len(set(one.numbers)) for one in notes),
            repeated=sum(one.repeated for one in notes if isinstance(one, TimedNotes)),
            out_of_order=sum(one.numbers != sorted(one.numbers) for one in notes),
            resumed=sum(one.resumed for one in notes),
            resume_lost=sum(one.lost for one in notes),
            failures=sum(len(page.failures) for page in self._pages),
            bus_lost=sum(round(server.number("bus_lost_total")) for server in self._world.servers),
            ready_while_cut=self.ready_while_cut,
            noticed_seconds=self.noticed,
            returned_seconds=self.returned,
            delay_ms=self._delays(),
            healed_seconds=self.healed,
        )

    def _delays(self) -> tuple[float, float]:
        pushed = self._producer.moments
        calm = [number for first, end in self._calm for number in range(first, end)]
        found = sorted(
            (moments[number] - pushed[number]) * 1000
            for page in self._pages
            if isinstance(page.notes, TimedNotes)
            for moments in [dict(zip(page.notes.numbers, page.notes.moments, strict=True))]
            for number in calm
            if number in moments
        )
        return round(_share(found, 0.5), 1), round(_share(found, 0.99), 1)


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, math.floor(share * len(ordered)))] if ordered else math.nan


def play(
    clients: int, rate: float, seconds: float, delay: float, rounds: int, *, waits_for_return: bool = True
) -> Report:
    """Build a world, play in it, and add up. ``clients`` are the pages of each server."""
    with tempfile.TemporaryDirectory() as directory, built(Path(directory), delay) as world:
        sessions = make_sessions(world.redis_url, directory, clients * len(world.servers))
        stage = Play(world, [one.cookie for one in sessions], rate)
        asyncio.run(stage.run(seconds, rounds, waits_for_return=waits_for_return))
        return stage.report()
