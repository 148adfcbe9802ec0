"""Feed: a quote, a period and indicators, computed once for all agents that watch it. Pure.

It decides what a subscriber gets as picture and what follows it. ``feeds`` decides who watches and when to send.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping

from rtserver.base.bridge.message import Row, Style, Table
from rtserver.base.limit.cpu_quota import FairShare
from rtserver.base.limit.steps import Steps
from rtserver.market.book.tick import Tick
from rtserver.market.number import Number
from rtserver.service.quote.bar_maker import NEVER
from rtserver.service.quote.feed_request import View
from rtserver.service.quote.series import Remade, Series, TimedRow
from rtserver.service.topic.topic import Topic

NOW = float("inf")
TICKS_OF_A_STEP = 20


class Feed(Topic):
    """The topic of a quote's rows.

    ``seq`` is that of the quote: one tick is one step of every feed. The feed ``is_open`` when it knows what its rows
    are made of, and ``is_ready`` when every tick of the quote is in them; ``work`` gets it there piece by piece.
    ``share`` is the share of the only user who watches, if there is only one and processor time is counted. ``zone``
    is the name of the exchange's time zone, for the picture.
    """

    def __init__(
        self, name: str, columns: tuple[str, ...], styles: Mapping[str, Style], zone: str | None = None
    ) -> None:
        super().__init__(name)
        self.share: FairShare | None = None
        self.is_ready = False
        self._columns = columns
        self._styles = styles
        self._zone = zone
        self._new_series: Callable[[], Series] | None = None
        self._series: Series | None = None
        self._were: list[TimedRow] = []  # the rows before ``renew``
        self._work: Steps[None] | None = None
        self._changed: Number | None = None
        # All ticks since those that the rows have or are getting now, and from when on a late one changed bars.
        self._behind: deque[tuple[Tick, Number | None]] | None = None
        self._late = 0  # of these
        self._pictures: dict[View, Table] = {}

    @property
    def behind(self) -> int:
        """Number of ticks that are not in the rows yet; 0 as long as there are no rows."""
        return 0 if self._series is None else self._series.pieces.seq - self.seq

    @property
    def needs_tail(self) -> bool:
        """True if the feed has to make bars again of the ticks that the quote's book keeps."""
        series, ticks = self._series, self._behind
        if series is None or not series.pieces.are_ticks:
            return False
        return ticks is None or self._late > 0 or self._changed is not None or len(ticks) != self.behind

    @property
    def is_stale(self) -> bool:
        """True if the rows stand as after ``seq``, and the next ``work`` begins to make some of them anew."""
        return self._work is None and self._series is not None and not self._can_step()

    @property
    def lacks_history(self) -> bool:
        """True if a new feed would have more rows: the clock has jumped back behind what this one has kept."""
        return self._series is not None and self._series.pieces.lost

    @property
    def is_open(self) -> bool:
        """True if the feed can work."""
        return self._series is not None or self._new_series is not None

    def open(self, new_series: Callable[[], Series]) -> None:
        """Begin. ``new_series`` returns what makes the rows, and is called again as long as there are no ticks."""
        self._new_series = new_series

    def renew(self) -> None:
        """Wait to be opened once more: the quote's book is another one."""
        series = self._series
        if series is not None:
            self._were = list(zip(series.times, series.rows, strict=True))
        self._series = self._new_series = self._work = None
        self.defer()

    def step(self, tick: Tick) -> bool:
        """Take the quote's next tick, which came in order, if the feed is ready. Return False if it has to ``work``.

        The tick makes one more unsent row, which is new or replaces the last.
        """
        series = self._series
        if series is None or series.is_empty:
            return False
        row = series.step(tick)
        self.seq += 1
        if row is None:
            self.left_out += 1
        else:
            self.unsent.append(row)
        if self._pictures:
            self._pictures = {}
        return True

    def defer(self, tick: Tick | None = None, changed: Number | None = None) -> None:
        """Note the quote's next tick for ``work``, and the time from which it has changed bars if it came late.

        None stands for ticks that will not be told.
        """
        if tick is None:
            self._behind = None
        else:
            if self.is_ready:
                self._behind, self._late = deque(), 0
            if self._behind is not None:
                self._behind.append((tick, changed))
                self._late += changed is not None
        if changed is not None and (self._behind is None or self._work is not None):
            # Work may have read the tick already, or not.
            self._changed = changed if self._changed is None else min(self._changed, changed)
        self.is_ready = False
        self._pictures = {}

    def rest(self) -> None:
        """Take no more ticks until the next viewer comes, who lets the feed work."""
        self.drop_unsent()
        if self._series is None:
            self._work = None
        else:
            self.defer(changed=self._series.oldest_change)

    def wake(self) -> None:
        """End the rest. The feed is ready at once if there was no tick meanwhile."""
        if self._work is None and self._series is not None and not self.behind:
            self._changed = None
            self.is_ready = True

    def work(self) -> bool:
        """Do one piece of what is missing. Return True if there is something to show: the feed is ready, or its rows
        stand as after ``seq`` before they have to be made anew for a tick that came late meanwhile.
        """
        if self._work is None and not self._step_behind():
            self._work = self._catch_up()
        try:
            if self._work is not None:
                next(self._work)
        except StopIteration:
            self._work = None
        self.is_ready = self._work is None and self._changed is None and not self.behind
        return self.is_ready or self.is_stale

    def _step_behind(self) -> bool:
        """Take some of the ticks that came meanwhile. Return False if the rows have to be made another way.

        A feed gets ready so however quickly ticks come: they are not made into bars again from the bar's begin on.
        A late tick has rows made anew, of ticks that are kept, when the rows have all ticks before it.
        """
        ticks = self._behind
        if not ticks or not self._can_step():
            return False
        for _ in range(min(len(ticks), TICKS_OF_A_STEP)):
            if not self._takes(*ticks[0]):
                break
            if not self.step(ticks[0][0]):
                return False
            self._late -= ticks.popleft()[1] is not None
        return True

    def _can_step(self) -> bool:
        ticks, series = self._behind, self._series
        if not ticks or series is None or len(ticks) != self.behind:
            return False
        # Base bars have all of these ticks, and are few.
        return series.pieces.are_ticks and self._takes(*ticks[0])

    def _takes(self, tick: Tick, changed: Number | None) -> bool:
        """Return True if the rows can take a tick of those that wait without being made again."""
        return changed is None or (self._series is not None and self._series.absorbs(tick))

    def picture(self, view: View, decimals: int | None, fields: Mapping[str, Number] | None) -> Table:
        """Return the rows as they stand after ``seq``; the same object until the next tick."""
        table = self._pictures.get(view)
        if table is None:
            table = self._pictures[view] = self._draw(view, decimals, fields)
        return table

    def _draw(self, view: View, decimals: int | None, fields: Mapping[str, Number] | None) -> Table:
        series = self._series
        assert series is not None
        rows, has_older = rows_of(series, view)
        is_cut = series.is_cut and not has_older
        return Table(self._columns, rows, decimals, has_older, is_cut, fields or None, self._styles, self._zone)

    def _catch_up(self) -> Steps[None]:
        late = (time for _, time in self._behind or () if time is not None)
        changed = min(late, default=None) if self._changed is None else min((self._changed, *late))
        self._changed, self._behind, self._late = None, deque(), 0
        series = self._series
        if series is None or (series.is_empty and self._new_series is not None):
            assert self._new_series is not None, "the feed is not open"
            series = self._new_series()
            seq = series.pieces.seq
            yield from series.fill()
            were, self._were = self._were, []
            remade = Remade(were, list(zip(series.times, series.rows, strict=True)))
        else:
            seq = series.pieces.seq
            remade = yield from series.replay(NOW if changed is None else changed)
        self._series = series
        self._pictures = {}
        if not series.is_empty:
            self._new_series = None  # it may hold much history
        ticks, self.seq = seq - self.seq, seq
        if len(self.waiting) < len(self.viewers):
            self._add_news(remade, ticks, is_full=series.has_older)
            if changed is not None and not series.has_older and _has_lost(remade, changed):
                self.needs_picture = True

    def _add_news(self, remade: Remade, ticks: int, *, is_full: bool) -> None:
        """Enter as unsent what has changed: the newest rows, and the corrected ones before them."""
        known = {row[0]: row for _, row in remade.were}
        first = remade.were[0][0] if remade.were and is_full else NEVER  # viewers do not have what is older
        last = remade.were[-1][0] if remade.were else NEVER
        news: list[Row] = []
        corrected: list[Row] = []
        for time, row in reversed(remade.are):
            if time >= last and len(news) < ticks:
                news.append(row)
            elif time >= first and known.get(row[0]) != row:
                corrected.append(row)
        self.unsent.extend(reversed(news))
        self.left_out += ticks - len(news)
        self.corrected = (*self.corrected, *reversed(corrected))


def _has_lost(remade: Remade, changed: Number) -> bool:
    """Return True if a row that ticks of a time have changed could not be made again, as older ticks are gone."""
    first = remade.are[0][0] if remade.are else NOW
    return bool(remade.were) and remade.were[0][0] <= changed < first


def rows_of(series: Series, view: View) -> tuple[tuple[Row, ...], bool]:
    """Return the rows of a series that a viewer wants, and True if there are older ones."""
    rows = tuple(series.rows)
    first, end = 0, len(rows)
    if view.start_ms is not None or view.end_ms is not None:
        moments = [
            row[0] if isinstance(row[0], int | float) else time for row, time in zip(rows, series.times, strict=True)
        ]
        first = 0 if view.start_ms is None else bisect_left(moments, view.start_ms)
        end = end if view.end_ms is None else bisect_left(moments, view.end_ms)
    if view.most is not None:
        first = max(first, end - view.most)
    return rows[first:end], first > 0 or series.has_older
