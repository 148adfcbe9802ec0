"""QuoteAnalysis: turns ticks into rows, the bars of a period with the cells of indicators, one step per tick.

Pure and incremental. ``bar`` decides which ticks belong together, lines of indicators compute, this file joins a row.
"""

from collections.abc import Iterable, Sequence
from itertools import islice

from rtserver.base.bridge.message import Cell, Row, Style
from rtserver.base.limit.steps import Steps
from rtserver.market import market_bar
from rtserver.market.book.tick import Tick
from rtserver.market.indicator.indicator import Indicator
from rtserver.market.indicator.indicator_line import WHOLE_GROUP, Cells, IndicatorLine
from rtserver.service.quote.bar import COLUMNS, Bar, PeriodBar, TickBar

TICKS_OF_A_STEP = 500
"""At 1.5 µs each."""
ROWS_OF_A_STEP = 200
"""At 3 µs each."""
BARS_OF_A_STEP = 64
"""For one indicator, at 1 to 5 µs each."""


class QuoteAnalysis:
    """One view of one quote: a period in milliseconds (0 for every tick) and indicators.

    ``columns`` names the cells of every row; ``styles`` has the columns of indicators.
    """

    def __init__(self, period_ms: int = 0, indicators: Iterable[Indicator] = ()) -> None:
        asked = tuple(indicators)
        self.columns = COLUMNS + tuple(column for indicator in asked for column in indicator.columns)
        self.styles = {
            column: Style(output.axis, output.kind)
            for indicator in asked
            for column, output in zip(indicator.columns, indicator.kind.outputs, strict=True)
        }
        self._bar: Bar = PeriodBar(period_ms) if period_ms else TickBar()
        self._growing: market_bar.Bar | None = None
        self._lines = tuple(indicator.line() for indicator in asked)

    def step(self, tick: Tick) -> Row:
        """Take the next tick and return the newest row: a new one, or the last one again if its label is the same."""
        is_new = self._bar.add(tick)
        row = self._bar.row()
        lines = self._lines
        if not lines:
            return row
        if is_new and self._growing is not None:
            for line in lines:
                line.step(self._growing)
        bar = self._growing = _market_bar(row)
        return (*row, *[cell for line in lines for cell in line.peek(bar)])

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
        if not rows:
            return rows
        filled = []
        for line in self._lines:
            filled.append((yield from _fill(line, rows, wanted)))  # noqa: PERF401 (a comprehension cannot yield)
        self._growing = _market_bar(rows[-1])
        joined: list[Row] = []
        wanted_rows = zip(rows[-wanted:], *filled, strict=True)
        while part := [_joined(*parts) for parts in islice(wanted_rows, ROWS_OF_A_STEP)]:
            joined += part
            yield
        return joined


def _fill(line: IndicatorLine, rows: Sequence[Row], wanted: int) -> Steps[list[Cells]]:
    """Step through all rows but the last, which grows. Return the cells of the last ``wanted``.

    Rows that none of them depends on are left out.
    """
    reach = line.reach
    unneeded = 0 if reach is None or reach == WHOLE_GROUP else max(0, len(rows) - wanted - reach)
    finished = len(rows) - 1
    cells: list[Cells] = []
    for first in range(unneeded, finished, BARS_OF_A_STEP):
        part = islice(rows, first, min(first + BARS_OF_A_STEP, finished))
        cells += [line.step(_market_bar(row)) for row in part]
        yield
    cells.append(line.peek(_market_bar(rows[-1])))
    return cells[-wanted:]


def _market_bar(row: Row) -> market_bar.Bar:
    """Return a row as a bar of the one group of its feed, its turnover at the average of high, low and close."""
    label, opened, close, low, high, volume = row
    turnover = None if volume is None else volume * (high + low + close) / 3  # type: ignore[operator]
    return market_bar.Bar(label, opened, close, low, high, volume, turnover, 0)  # type: ignore[arg-type]


def _joined(row: Row, *parts: tuple[Cell, ...]) -> Row:
    return (*row, *(cell for cells in parts for cell in cells))
