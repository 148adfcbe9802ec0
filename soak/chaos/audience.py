"""The listeners: users with pages that stay, and visitors whose page is closed for a while and opened anew.

It decides which messages each of them was promised. A visitor's new page remembers nothing: messages that came while
nobody was there have been kept for it.
"""

import asyncio
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from bench.sessions import Session
from soak.chaos.chart_copy import ChartCopy
from soak.chaos.follower import Backoff, Follower, Message
from soak.chaos.ledger import Ledger
from soak.chaos.numbered import DATE, EVERYONE, EXCHANGE, Kind, Source
from soak.chaos.page import Page
from soak.chaos.track import Picture

PICTURE_ROWS = 1_000
WELCOME_SECONDS = 60.0
ITEMS = ("A", "B")

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Audience:
    """``pages`` are all that were ever opened. ``spawn`` runs a page; ``port`` is where the servers are found."""

    def __init__(self, ledger: Ledger, port: int, spawn: Spawn, chance: random.Random) -> None:
        self.pages: list[Page] = []
        self._present: dict[str, Page] = {}
        self._visitors: dict[str, Session] = {}
        self._ledger = ledger
        self._port = port
        self._spawn = spawn
        self._random = chance

    def add_user(self, session: Session, pages: int) -> None:
        """Somebody with several pages, each with the charts of all quotes."""
        for number in range(1, pages + 1):
            name = f"page {session.user_id}.{number}"
            charts = [ChartCopy(item, EXCHANGE, item, DATE) for item in ITEMS]
            self._promise_pushes(name, session)
            self._ledger.watch(name)
            for chart in charts:
                self._promise_chart(name, chart)
            self._open(name, session, charts)

    def add_visitor(self, session: Session) -> None:
        """Somebody with one page, who comes and goes."""
        name = f"visitor {session.user_id}"
        self._visitors[name] = session
        self._promise_pushes(name, session)
        self._open(name, session, [])

    async def wait_connected(self) -> None:
        """Return when every page is connected. Raises ``TimeoutError``."""
        async with asyncio.timeout(WELCOME_SECONDS):
            await asyncio.gather(*(page.welcome.wait() for page in self._present.values()))

    async def leave(self) -> None:
        """All visitors close their pages."""
        await asyncio.gather(*(page.leave() for page in self._take_visitors()))

    async def vanish(self) -> None:
        """All visitors are gone without a word, and what was on its way to their pages with them."""
        await asyncio.gather(*(page.vanish() for page in self._take_visitors()))

    def come_back(self) -> None:
        """All visitors who are not there open a new page."""
        for name, session in self._visitors.items():
            if name not in self._present:
                self._open(name, session, [])

    def visitor_ports(self) -> set[int]:
        """Return the local ports of the visitors' connections."""
        return {self._present[name].local_port for name in self._visitors if name in self._present}

    def allow_again(self, messages: int) -> None:
        """A new page of a visitor may get so many messages that an earlier one has had and could not say so."""
        for name in self._visitors:
            self._ledger.allow(name, messages)

    def _take_visitors(self) -> list[Page]:
        return [self._present.pop(name) for name in self._visitors if name in self._present]

    def _open(self, name: str, session: Session, charts: Sequence[ChartCopy]) -> None:
        follower = Follower(charts, self._show_at(name, len(self.pages)))
        backoff = Backoff(random.Random(self._random.getrandbits(32)).random)
        page = self._present[name] = Page(name, self._port, session.cookie, follower, backoff)
        self.pages.append(page)
        self._spawn(page.run())

    def _show_at(self, name: str, life: int) -> Callable[[Message], None]:
        def show(message: Message) -> None:
            now, data = time.monotonic(), message["data"]
            if message["type"] == "numbered":
                self._ledger.got(name, data["source"], data["n"], now, life)
            else:
                self._ledger.heard(_chart(name, data["chart_id"]), now)

        return show

    def _promise_pushes(self, name: str, session: Session) -> None:
        for target in (session.user_id, EVERYONE):
            self._ledger.promise(name, Source(Kind.PUSH, target).name)

    def _promise_chart(self, name: str, chart: ChartCopy) -> None:
        receiver = _chart(name, chart.chart_id)
        picture = Picture(lambda: chart.numbers, PICTURE_ROWS)
        self._ledger.promise_picture(receiver, Source(Kind.QUOTE, chart.chart_id).name, picture)
        self._ledger.watch(receiver)


def _chart(page: str, chart_id: str) -> str:
    return f"chart {chart_id} of {page}"
