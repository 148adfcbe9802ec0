"""QuoteAnalysis: turns ticks into rows, the bars of a period with the cells of indicators, one step per tick.

Pure and incremental. ``bar`` decides which ticks belong together, ``indicator_line`` computes, this file joins a row.
"""

from collections.abc import Iterable
from itertools import islice

from rtserver.base.bridge.message import Cell, Row
from rtserver.base.limit.steps import Steps
from rtserver.service.quote.bar import COLUMNS, Bar, PeriodBar, TickBar
from rtserver.service.quote.indicator import Indicator
from rtserver.service.quote.indicator_line import LINES
from rtserver.service.quote.tick import Tick

TICKS_OF_A_STEP = 500
"""At 1.5 µs each."""
ROWS_OF_A_STEP = 200
"""At 3 µs each."""


class QuoteAnalysis:
    """One view of one quote: a period in milliseconds (0 for every tick) and indicators of the closes.

    ``columns`` names the cells of every row.
    """

    def __init__(self, period_ms: int = 0, indicators: Iterable[Indicator] = ()) -> None:
        asked = tuple(indicators)
        self.columns = COLUMNS + tuple(column for indicator in asked for column in indicator.columns)
        self._bar: Bar = PeriodBar(period_ms) if period_ms else TickBar()
        self._lines = tuple(LINES[indicator.name](indicator) for indicator in asked)

    def step(self, tick: Tick) -> Row:
        """Take the next tick and return the newest row: a new one, or the last one again if its label is the same."""
        is_new = self._bar.add(tick)
        row = self._bar.row()
        if not self._lines:
            return row
        cells = [cell for line in self._lines for cell in line.step(row, is_new=is_new)]
        return (*row, *cells)

    def fill(self, ticks: Iterable[Tick], wanted: int) -> Steps[list[Row]]:
        """Take a history, before any ``step``, and return its last ``wanted`` rows.

        The rows are those of steps, but an indicator is computed once per finished bar, and only if a row or a later
        step depends on it: a history of 20,000 ticks must not hold up the ticks that arrive meanwhile.
        """
        rows: list[Row] = []
        for number, tick in enumerate(ticks, 1):
            if not self._bar.add(tick):
                rows.pop()
            rows.append(self._bar.row())
            if number % TICKS_OF_A_STEP == 0:
                yield
        filled = []
        for line in self._lines:
            filled.append((yield from line.fill(rows, wanted)))  # noqa: PERF401 (a comprehension cannot yield)
        joined: list[Row] = []
        wanted_rows = zip(rows[-wanted:], *filled, strict=True)
        while part := [_joined(*parts) for parts in islice(wanted_rows, ROWS_OF_A_STEP)]:
            joined += part
            yield
        return joined


def _joined(row: Row, *parts: tuple[Cell, ...]) -> Row:
    return (*row, *(cell for cells in parts for cell in cells))
