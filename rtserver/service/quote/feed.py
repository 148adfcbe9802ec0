"""Feed: a quote, a period and indicators, computed once for all agents that watch it. Pure.

It decides what a subscriber gets as picture and what follows it. ``quote_center`` decides who watches and when to
send.
"""

from collections import deque
from collections.abc import Iterable

from rtserver.base.bridge.message import Row, Table
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.limit.steps import Steps
from rtserver.market.book.tick import Tick
from rtserver.service.quote.quote_analysis import QuoteAnalysis
from rtserver.service.topic.topic import Topic

TICKS_OF_A_STEP = 20


class Feed(Topic):
    """The topic of a quote's rows, with the last ``picture_rows`` of them.

    ``seq`` is counted from the quote's first tick. One tick is one step of every feed, so a feed that was dropped and
    made again continues with the number of the others. It ``is_ready`` when every tick of the quote is in its rows,
    ``history`` included; ``work`` gets it there piece by piece. ``share`` is the share of the only user who watches,
    if there is only one and processor time is counted.
    """

    def __init__(
        self, name: str, analysis: QuoteAnalysis, history: Iterable[Tick], *, seq: int, picture_rows: int
    ) -> None:
        super().__init__(name, seq)
        self.share: FairShare | None = None
        self.is_ready = False
        self._analysis = analysis
        self._filling: Steps[list[Row]] | None = analysis.fill(history, picture_rows)
        self._rows: deque[Row] = deque(maxlen=picture_rows)
        self._behind: deque[Tick] = deque()
        self._picture: Table | None = None

    @property
    def behind(self) -> int:
        """Number of ticks that are not in the rows yet, besides the history."""
        return len(self._behind)

    def work(self) -> bool:
        """Do one piece of what is missing, and return True if the feed is ready now."""
        if self._filling is not None:
            try:
                next(self._filling)
            except StopIteration as end:
                self._filling = None
                self._rows.extend(end.value)
        else:
            for _ in range(min(len(self._behind), TICKS_OF_A_STEP)):
                self.step(self._behind.popleft())
        self.is_ready = self._filling is None and not self._behind
        return self.is_ready

    def defer(self, tick: Tick) -> None:
        """Note the quote's next tick, for which there is no time now."""
        self._behind.append(tick)
        self.is_ready = False

    def step(self, tick: Tick) -> None:
        """Take the quote's next tick: it makes one more unsent row, which is new or replaces the last."""
        row = self._analysis.step(tick)
        rows = self._rows
        if rows and rows[-1][0] == row[0]:
            rows[-1] = row
        else:
            rows.append(row)
        self.unsent.append(row)
        self.seq += 1
        self._picture = None

    def picture(self, decimals: int | None = None) -> Table:
        """Return the rows as they stand after ``seq``, with the quote's ``decimals``; the same object until the
        next tick.
        """
        if self._picture is None:
            self._picture = Table(self._analysis.columns, tuple(self._rows), decimals, styles=self._analysis.styles)
        return self._picture
