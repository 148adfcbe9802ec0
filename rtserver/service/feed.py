"""One feed: a quote, a period and indicators, computed once for everyone who watches it. Pure.

Decides what a subscriber gets as picture and what follows it. ``quote_center`` decides who watches and when to send.
"""

from collections import deque
from collections.abc import Iterable

from rtserver.base.messages import Row, Table
from rtserver.service.quote import Tick
from rtserver.service.quote_analysis import QuoteAnalysis


class Feed:
    """The last ``picture_rows`` rows, and the rows that were not sent yet.

    ``seq`` is the number of the last row, counted from the quote's first tick: one tick is one step of every feed,
    so a feed that was dropped and made again goes on counting where the others are. ``watchers`` are (agent, ref)
    pairs.
    """

    def __init__(
        self, topic: str, analysis: QuoteAnalysis, history: Iterable[Tick], *, seq: int, picture_rows: int
    ) -> None:
        self.topic = topic
        self.seq = seq
        self.watchers: set[tuple[int, int]] = set()
        self._analysis = analysis
        self._rows: deque[Row] = deque(analysis.fill(history, picture_rows), maxlen=picture_rows)
        self._unsent: list[Row] = []
        self._picture: Table | None = None

    def step(self, tick: Tick) -> None:
        """Take the quote's next tick: one more unsent row, whether it is new or replaces the last."""
        row = self._analysis.step(tick)
        rows = self._rows
        if rows and rows[-1][0] == row[0]:
            rows[-1] = row
        else:
            rows.append(row)
        self._unsent.append(row)
        self.seq += 1
        self._picture = None

    def take_unsent(self) -> tuple[Row, ...]:
        """The rows since the last call, in order; the last of them has the number ``seq``."""
        unsent = tuple(self._unsent)
        self._unsent.clear()
        return unsent

    def picture(self) -> Table:
        """The rows as they stand after ``seq``; the same object until the next tick."""
        if self._picture is None:
            self._picture = Table(self._analysis.columns, tuple(self._rows))
        return self._picture
