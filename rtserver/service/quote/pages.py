"""Pages: rows of the past, which are sent once and not followed. Those who ask for the same page share it."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from rtserver.base.bridge.message import Subscribe, Table
from rtserver.base.limit.cpu_quota import OVER, FairShare
from rtserver.base.limit.steps import Steps
from rtserver.market.book.quote_book import QuoteBook
from rtserver.service.quote.feed import rows_of
from rtserver.service.quote.feed_history import FeedHistory, length_of
from rtserver.service.quote.feed_request import FeedName, View
from rtserver.service.quote.known_quote import KnownQuote
from rtserver.service.quote.pieces import OlderBars
from rtserver.service.quote.quote_books import QuoteBooks
from rtserver.service.quote.quote_series import open_series
from rtserver.service.quote.turns import Turns
from rtserver.service.topic.publisher import Publisher
from rtserver.service.topic.topic import Topic

log = logging.getLogger(__name__)

MOST_ROWS = 10_000
"""Rows of a page at most."""
KEPT_SECONDS = 60.0
"""Age of a page that is sent again: history may have been imported since."""
KEPT_CELLS = 1_200_000
"""Cells of all pages that are kept for the next who asks, at some 32 bytes."""
ROWS_OF_AN_EMPTY_PAGE = 20
"""Rows that take as much memory as a page without any."""
BAR_SECONDS = 2e-6
"""Processor time for a bar that is read. It is not measured: others work while a read waits."""


class Page(Topic):
    """The topic of a page: those who wait for it, and the work on it.

    ``shares`` are of the users who wait for what it is made of; from then on ``steps`` is the rest of the work.
    """

    def __init__(self, topic: str, name: FeedName, view: View, quote: KnownQuote) -> None:
        super().__init__(topic, quote.book.seq)
        self.feed_name = name
        self.view = view
        self.quote = quote
        self.is_reading = False
        self.shares: list[FairShare | None] = []
        self.steps: Steps[None] | None = None


class Pages:
    """The pages that are asked for, and the last ones that were."""

    def __init__(
        self,
        books: QuoteBooks,
        publisher: Publisher,
        history: FeedHistory,
        turns: Turns,
        *,
        picture_rows: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self.asked = self.found = 0
        self._books = books
        self._publisher = publisher
        self._history = history
        self._turns = turns
        self._picture_rows = picture_rows
        self._open: dict[str, Page] = {}
        self._kept: OrderedDict[str, tuple[float, Table]] = OrderedDict()
        self._kept_cells = 0

    def subscribe(self, message: Subscribe, name: FeedName, view: View) -> Topic | None:
        """Answer with ``Snapshot`` or ``Refused``, now or later. Return the topic that the subscription has left."""
        self.asked += 1
        view = view._replace(most=min(view.most or self._picture_rows, MOST_ROWS))
        topic = f"{name.topic}/{view.start_ms}/{view.end_ms}/{view.most}"
        page = self._open.get(topic)
        if page is None:
            page = Page(topic, name, view, self._books.get(name.quote) or self._books.unknown(name.quote))
        left = self._publisher.add_viewer(page, (message.agent, message.ref))
        made_at, known = self._kept.get(topic, (0.0, None))
        if known is not None and self._now() - made_at < KEPT_SECONDS:
            self.found += 1
            self._answer(page, known)
            return left
        self._open[topic] = page
        share = self._turns.share_of(message.user)
        if page.steps is not None:
            self._turns.drive(self._work(page), share)
        elif self._history.has_more(name, page.quote):
            self._publisher.delay(message)
            self._ask(page, share)
        else:
            page.steps = self._begin(page, self._history.read(name, page.quote, view))
            self._turns.drive(self._work(page), share)
        return left

    def _ask(self, page: Page, share: FairShare | None) -> None:
        """Read what a page is made of, at once or when the user may use the processor again."""
        page.shares.append(share)
        if share is None or not share.is_owing:
            self._begin_read(page)
        else:
            share.wait_turn(partial(self._begin_read, page))

    def _begin_read(self, page: Page) -> None:
        if not page.is_reading:
            page.is_reading = True
            self._history.read_later(
                page.feed_name,
                page.quote,
                page.view,
                partial(self._on_read, page),
                partial(self._refuse, page),
                is_wanted=lambda: not self._is_given_up(page),
            )

    def _on_read(self, page: Page, part: OlderBars | None) -> None:
        page.steps = self._begin(page, part)
        reader, bars = page.shares[0], () if part is None else part.bars
        if reader is not None:
            reader.charge(BAR_SECONDS * len(bars))
        for share in dict.fromkeys(page.shares):
            self._turns.drive(self._work(page), share)

    def _work(self, page: Page) -> Steps[None]:
        """Work on a page until it is answered. Several users may do so at once: each step serves all of them."""
        assert page.steps is not None, "everything is read"
        while not self._is_given_up(page) and next(page.steps, OVER) is not OVER:
            yield

    def _is_given_up(self, page: Page) -> bool:
        """Return True if nobody waits for a page, which is forgotten then."""
        if not page.viewers and self._open.get(page.name) is page:
            del self._open[page.name]
        return not page.viewers

    def _begin(self, page: Page, part: OlderBars | None) -> Steps[None]:
        """Return the work on a page, with what is at hand now: until its turn comes the budget may drop bars."""
        steps = self._make(page, page.quote.book, part)
        next(steps, OVER)
        return steps

    def _make(self, page: Page, book: QuoteBook, part: OlderBars | None) -> Steps[None]:
        settled = book.settled_ms  # what the page has is of now
        try:
            table = yield from self._draw(page, book, part)
        except Exception:
            log.exception("! the page %s failed", page.name)
            self._refuse(page, "internal", "the service failed")
            return
        self._keep(page, table, settled)
        self._answer(page, table)

    def _draw(self, page: Page, book: QuoteBook, part: OlderBars | None) -> Steps[Table]:
        name, view, calendar = page.feed_name, page.view, page.quote.calendar
        assert view.end_ms is not None
        assert view.most is not None
        # A bar of the page may have pieces behind its end.
        end_ms = view.end_ms + length_of(name.period)
        series = open_series(book, calendar, name, part, most_rows=view.most + 2, late_ms=0, end_ms=end_ms)
        filling = series.fill()
        yield  # ``_begin`` comes as far as this
        yield from filling
        rows, has_older = rows_of(series, view)
        is_cut = series.is_cut and not has_older
        zone = calendar.zone_name
        return Table(name.columns, rows, book.decimals, has_older, is_cut, styles=name.styles, zone=zone)

    def _keep(self, page: Page, table: Table, settled: float | None) -> None:
        """Keep a page of which no row could change any more when nothing changed before ``settled``."""
        end = page.view.end_ms
        if settled is None or end is None or end + length_of(page.feed_name.period) > settled:
            return
        _, before = self._kept.pop(page.name, (0.0, None))
        self._kept_cells += _size_of(table) - (0 if before is None else _size_of(before))
        self._kept[page.name] = (self._now(), table)
        while self._kept_cells > KEPT_CELLS:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._kept_cells -= _size_of(oldest)

    def _answer(self, page: Page, table: Table) -> None:
        self._open.pop(page.name, None)
        viewers = tuple(page.viewers)
        self._publisher.show(page, table)
        for viewer in viewers:
            self._publisher.remove_viewer(viewer)

    def _refuse(self, page: Page, code: str, text: str) -> None:
        self._open.pop(page.name, None)
        self._publisher.give_up(page, code, text)


def _size_of(table: Table) -> int:
    """Return the number of cells that take as much memory as a table."""
    return (len(table.rows) + ROWS_OF_AN_EMPTY_PAGE) * len(table.columns)
