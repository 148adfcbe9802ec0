"""A random market: entries of the bus, workers that take them, and the one batch computation that all must equal.

The batch knows what the documents say of ticks, and nothing of the code: pandas makes the bars of all accepted ticks.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import pandas as pd

from rtserver.base.bridge.message import Message, Refused, Row, Snapshot, Subscribe, Unsubscribe, Update
from rtserver.base.limit.cpu_quota import FairShares, ProcessorClock, cpu_rate
from rtserver.base.queue.port import Entry as BusEntry
from rtserver.base.queue.route import NO_ROUTE
from rtserver.history.history_writer import HistoryWriter
from rtserver.history.memory_history import MemoryHistory, MemoryStates
from rtserver.market.book.quote_book import BookRules
from rtserver.market.indicator.indicator import parse_indicators
from rtserver.market.indicator.indicator_line import IndicatorLine
from rtserver.market.indicator.registry import IndicatorRegistry
from rtserver.market.market_bar import Bar
from rtserver.service.msg_handler import ServiceContext
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.quote_center import QuoteCenter
from rtserver.service.quote.quote_store import QuoteStore
from rtserver.service.selective import Reopened
from rtserver.service.user_commands import UserCommands
from tests.service.quote.memory_store import memory_store
from tests.service.quote.viewer import Viewer

QUOTE = "X:RANDOM"
MONDAY_MS = 1_767_571_200_000  # 2026-01-05T00:00Z
LATE_MS, FUTURE_MS = 60_000, 300_000
MINUTE_MS, DAY_MS = 60_000, 86_400_000
DECODER = msgspec.json.Decoder(QuoteCenter.data_type)

Entry = tuple[str, list[dict[str, Any]]]


class Point(NamedTuple):
    """An accepted tick."""

    time: int
    price: float
    volume: float | None


class Market:
    """A producer and the bus: entries in order, and the ticks of them that count."""

    def __init__(self, chance: random.Random, stretch: int) -> None:
        self.entries: list[Entry] = []
        self.accepted: list[Point] = []
        self.now_ms = MONDAY_MS + 9 * 3_600_000
        self._chance = chance
        self._newest: int | None = None
        self._ids: dict[int, int] = {}
        self._price = 100.0
        self._stretch = stretch  # milliseconds between two ticks, at most

    def trade(self) -> None:
        """Put an entry of some ticks on the bus."""
        chance = self._chance
        if chance.random() < 0.03:
            self.now_ms += chance.choice([4 * 3_600_000, 15 * 3_600_000, 3 * DAY_MS, 11 * DAY_MS])
        items = []
        for _ in range(chance.choice([1, 1, 2, 5, 20])):
            self.now_ms = self._opened(self.now_ms + chance.randrange(self._stretch))
            items.append(self._item())
        # The id of an entry has the time of its arrival: no tick of it is younger.
        self.entries.append((f"{self.now_ms}-{len(self.entries)}", items))
        self._take(self.entries[-1])

    def _item(self) -> dict[str, Any]:
        chance = self._chance
        lateness = chance.choice(
            [0] * 12 + [chance.randrange(50_000), chance.randrange(5_000), 3_000_000, -9_000_000]
        )
        self._price = max(1.0, round(self._price + chance.gauss(0, 0.5), 2))
        info: dict[str, Any] = {"point": [self._time(lateness), self._price]}
        if chance.random() < 0.9:
            info["volume"] = chance.choice([chance.randrange(50), chance.randrange(400) / 8])
        if chance.random() < 0.3:
            info["id"] = chance.randrange(40)
        return {"quote": QUOTE, "info": info}

    def _opened(self, time_ms: int) -> int:
        """Return the next moment at which the market is open."""
        return time_ms

    def _time(self, lateness: int) -> int:
        return self.now_ms - lateness

    def _take(self, entry: Entry) -> None:
        """Decide what of an entry counts, as the protocol's document says."""
        now_ms = int(entry[0].partition("-")[0])
        for item in entry[1]:
            if item["quote"] != QUOTE:
                continue
            info = item["info"]
            (time, price), number = info["point"], info.get("id")
            if number is not None and self._is_known(number, now_ms):
                continue
            newest = time if self._newest is None else min(self._newest, now_ms)
            if time > now_ms + FUTURE_MS or time < newest - LATE_MS:
                continue
            if number is not None:
                self._ids[number] = now_ms
            self._newest = time if self._newest is None else max(self._newest, time)
            self.accepted.append(Point(time, price, info.get("volume")))

    def _is_known(self, number: int, now_ms: int) -> bool:
        return number in self._ids and now_ms - self._ids[number] <= LATE_MS


class Turn:
    """The lease, which belongs to one worker at a time."""

    def __init__(self, holders: dict[str, "Worker | None"]) -> None:
        self._holders = holders
        self.worker: Worker | None = None

    def is_ours(self) -> bool:
        return self._holders["writer"] is self.worker

    def leave(self) -> None:
        self._holders["writer"] = None


class Store:
    """Stores that all workers share."""

    def __init__(self) -> None:
        self.history = MemoryHistory()
        self.states = MemoryStates(self.history)
        self.holders: dict[str, Worker | None] = {"writer": None}


class Worker:
    """One server's quotes, from the store on. ``viewers`` have what was posted to them."""

    def __init__(
        self, store: Store, tail_ticks: int, picture_rows: int, *, chooses: bool = False, **bounds: Any
    ) -> None:
        self.store = store
        self.viewers: dict[tuple[int, int], Viewer] = {}
        self.asked: dict[tuple[int, int], dict[str, Any]] = {}
        self.timers: list[Callable[[], object]] = []
        self._posted: list[Message] = []
        self._chance = random.Random(picture_rows)
        self.left_aside = 0
        self._rules = BookRules(tail_ticks, LATE_MS, FUTURE_MS)
        post = self._posted.append
        context = ServiceContext(
            post, UserCommands(post), lambda fn, *args: fn(*args), call_later=lambda _seconds, call: self._later(call)
        )
        self.clock = 0.0
        shares = FairShares(cpu_rate(0.2), ProcessorClock(self._work, self._work), lambda _, call: self._later(call))
        self.center = QuoteCenter(
            context,
            rules=self._rules,
            picture_rows=picture_rows,
            store_of=self._open_store,
            feed_linger_seconds=60,
            shares=shares if bounds else None,
            **bounds,
        )
        self.place = self.writer.begin()
        self.chooses = chooses
        if chooses:
            self.center.reopen = _reopen

    def _work(self) -> float:
        self.clock += 0.001
        return self.clock

    def _later(self, call: Callable[[], object]) -> None:
        self.timers.append(call)

    def _open_store(self, books: QuoteBooks) -> QuoteStore:
        turn = Turn(self.store.holders)
        turn.worker = self
        return memory_store(books, self.store.history, self.store.states, turn)

    @property
    def writer(self) -> HistoryWriter:
        assert self.center.store is not None
        return self.center.store.writer

    def follow(self, entries: Sequence[Entry], most: int) -> None:
        """Take the next entries of the bus, and flush."""
        behind = [entry for entry in entries if _order(entry[0]) > _order(self.place)][:most]
        for entry_id, items in behind:
            self._take(BusEntry(entry_id, msgspec.json.encode(items), *self._route(items)))
            self.place = entry_id
        self.center.flush()
        self.center.rejected_parts.clear()
        if behind:
            self.center.on_done(self.place)
        self.deliver()

    def _route(self, items: Sequence[dict[str, Any]]) -> tuple[bytes, bytes]:
        """Return the route that most producers write, and some do not."""
        if not self.chooses or self._chance.random() < 0.2:
            return NO_ROUTE
        return b"quote", " ".join(item["quote"] for item in items).encode()

    def _take(self, entry: BusEntry) -> None:
        center = self.center
        if entry.to and center.is_choosing and not center.wants(entry):
            center.set_aside(entry)
            self.left_aside += 1
        elif entry.to and self._chance.random() < 0.05:
            center.take_late(entry)  # nobody wanted it when it was read
        else:
            center.entry = entry if self.chooses else None
            center.handle(entry.id, "x", DECODER.decode(entry.raw))

    def subscribe(self, viewer: tuple[int, int], request: dict[str, Any]) -> None:
        self.asked[viewer] = request
        self.viewers.pop(viewer, None)
        self.center.on_subscribe(Subscribe(*viewer, "quotes", request, f"user {viewer[0] % 2}"))
        self.deliver()

    def leave(self, viewer: tuple[int, int]) -> None:
        self.asked.pop(viewer)
        self.viewers.pop(viewer, None)
        self.center.on_unsubscribe(Unsubscribe(*viewer, "quotes"))
        self.deliver()

    def run_timers(self) -> None:
        timers, self.timers[:] = list(self.timers), []
        for call in timers:
            call()
        self.deliver()

    def finish(self) -> None:
        """Run timers until there are none."""
        while self.timers:
            self.run_timers()

    def deliver(self) -> None:
        posted, self._posted[:] = list(self._posted), []
        for message in posted:
            if isinstance(message, Snapshot):
                viewer = (message.agent, message.ref)
                if viewer in self.asked:
                    self.viewers[viewer] = Viewer(message)
            elif isinstance(message, Refused):
                assert message.code == "rate_limited"
                self.asked.pop((message.agent, message.ref), None)
                self.viewers.pop((message.agent, message.ref), None)
            elif isinstance(message, Update):
                for each in self.viewers.values():
                    if each.topic == message.topic:
                        each.on_update(message)


def _reopen(entries: Sequence[BusEntry], read: Callable[[BusEntry, Any], Any]) -> list[Reopened]:
    opened = ((entry, DECODER.decode(entry.raw)) for entry in entries)
    return [Reopened(entry, "x", data, read(entry, data)) for entry, data in opened]


def _order(entry_id: str) -> tuple[int, int]:
    time, _, number = entry_id.partition("-")
    return int(time), int(number or 0)


# The batch.

RULES: dict[float | str, str] = {"1d": "1D", "1w": "W-MON", "1M": "MS"}


class Batch:
    """The bars of all accepted ticks."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = points
        self._bars: dict[float | str, list[Bar]] = {}

    def bars(self, period: float | str) -> list[Bar]:
        if period not in self._bars:
            self._bars[period] = batch_bars(self.points, period)
        return self._bars[period]


def batch_bars(points: Sequence[Point], period: float | str) -> list[Bar]:
    """Return the bars of all ticks, as pandas makes them."""
    frame = pd.DataFrame(points, columns=["time", "price", "volume"])
    frame["volume"] = frame["volume"].astype(float)
    frame["turnover"] = frame["price"] * frame["volume"]
    frame = frame.sort_values("time", kind="stable")
    if period == 0:
        grouped = frame.groupby("time")
        prices = grouped["price"].last()
        table = pd.DataFrame(dict.fromkeys(("open", "close", "low", "high"), prices))
        starts = [int(time) for time in prices.index]
    else:
        frame.index = pd.to_datetime(frame["time"], unit="ms", utc=True)
        rule = RULES.get(period, f"{period}s")
        options: dict[str, Any] = {"label": "left", "closed": "left"}
        if period not in RULES:
            options["origin"] = "epoch"
        grouped = frame.resample(rule, **options)
        names = {"open": "first", "close": "last", "low": "min", "high": "max"}
        table = pd.DataFrame({name: getattr(grouped["price"], how)() for name, how in names.items()})
        starts = [int(moment.timestamp() * 1000) for moment in table.index]
    for name in ("volume", "turnover"):
        table[name] = grouped[name].sum(min_count=1)
    bars = []
    for start, row in zip(starts, table.itertuples(index=False), strict=True):
        if math.isnan(row.close):
            continue  # nothing was traded
        volume, turnover = (None if math.isnan(x) else x for x in (row.volume, row.turnover))
        group = pd.Timestamp(start, unit="ms").year if period in RULES else start // DAY_MS
        bars.append(Bar(start, row.open, row.close, row.low, row.high, volume, turnover, group, start))
    return bars


def batch_rows(bars: Sequence[Bar], texts: Sequence[str]) -> list[Row]:
    """Return the rows of all bars, with the cells of indicators from the first bar on."""
    lines = lines_of(texts)
    return [
        (
            bar.label,
            bar.open,
            bar.close,
            bar.low,
            bar.high,
            bar.volume,
            *(c for line in lines for c in line.step(bar)),
        )
        for bar in bars
    ]


def lines_of(texts: Sequence[str]) -> list[IndicatorLine]:
    return [indicator.line() for indicator in parse_indicators(texts, IndicatorRegistry())]
