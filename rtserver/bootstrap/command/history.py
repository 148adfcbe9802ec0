"""``rtserver history``: stored history of quotes, from files and to files, pruned and listed."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from rtserver.base.wire.printable import printable
from rtserver.bootstrap.command.failure import failure
from rtserver.bootstrap.command.history_file import read_bars, write_bars, write_header
from rtserver.bootstrap.command.queue_client import open_history, open_history_of, open_queue
from rtserver.bootstrap.config.config_option import QUEUE_KEYS, OptionValue, config_of, config_options
from rtserver.bootstrap.config.exchange import exchange_calendars
from rtserver.bootstrap.config.limits import queues_of
from rtserver.bootstrap.history_side import prune_of
from rtserver.history.port import HistoryError, HistoryRange, StoredInfo
from rtserver.history.redis_states import RedisStates
from rtserver.market.day import DAY_MS, date_of_day, read_day
from rtserver.market.period import Base
from rtserver.service.message import BadData
from rtserver.service.quote.quote_file import QuoteFileError
from rtserver.service.quote.tick import check_key

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
PORTION = 1_000
"""Bars that are written, or read, at a time."""
WINDOW_DAYS: dict[Base, int] = {"1m": 7, "1d": 3_660}
BASES: tuple[Base, ...] = ("1m", "1d")


def _quote_key(_context: click.Context, _option: click.Parameter, key: str) -> str:
    try:
        check_key(key)
    except BadData as error:
        raise click.BadParameter(printable(str(error))) from error
    return key


def _day(_context: click.Context, _option: click.Parameter, text: str | None) -> int | None:
    try:
        return None if text is None else read_day(text) * DAY_MS
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _of_quote(command: F) -> F:
    """The options that name the bars of one quote, and the connection."""
    quote = click.option("--quote", required=True, metavar="KEY", callback=_quote_key, help="EXCHANGE:ITEM[:DATE].")
    period = click.option(
        "--period", required=True, type=click.Choice(BASES), metavar="1m|1d", help="Minutes or trading days."
    )
    return quote(period(config_options(QUEUE_KEYS)(command)))


@click.command("import")
@click.argument(
    "paths",
    metavar="FILE.csv...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@_of_quote
def import_files(paths: tuple[Path, ...], quote: str, period: Base, **options: OptionValue) -> None:
    """Store the bars of CSV files as history of a quote. Charts have them at once.

    The first line names the columns: Date, Open, High, Low, Close, and perhaps Volume and Turnover. A minute is
    labelled with its start, UTC if it names no zone, a day with its trading day. Bars that are stored are replaced.
    All files are checked before the first bar is stored.

    \b
    Example:
      rtserver history import AAPL.csv --quote DEMO:AAPL:20130301 --period 1d
    """
    config = config_of(options)
    try:
        bars = read_bars(paths, period, exchange_calendars(config).of(quote.partition(":")[0]))
    except (QuoteFileError, OSError) as error:
        raise failure(str(error)) from error
    portions = [bars[begin : begin + PORTION] for begin in range(0, len(bars), PORTION)]
    with closing(open_history_of(config, quote)) as history, _progress(portions, quote) as progress:
        for portion in progress:
            _asked(partial(history.write, quote, period, portion))
    click.echo(f"stored {len(bars)} bars of {printable(quote)} ({period})")


@click.command("export")
@_of_quote
@click.option("--from", "start", metavar="DATE", callback=_day, help="First day, such as 2026-01-05.")
@click.option("--to", "end", metavar="DATE", callback=_day, help="Day behind the last one.")
@click.option("--output", type=click.File("w", encoding="utf-8", lazy=True), default="-", metavar="FILE", help="[-]")
def export_file(
    quote: str, period: Base, start: int | None, end: int | None, output: TextIO, **options: OptionValue
) -> None:
    """Write the stored bars of a quote as CSV, as "import" reads it; times are in UTC.

    \b
    Example:
      rtserver history export --quote DEMO:AAPL:20130301 --period 1d --from 2012-01-01 --output AAPL.csv
    """
    count = 0
    with closing(open_history_of(config_of(options), quote)) as history:
        info = _asked(partial(history.info, quote, period))
        if info is None:
            raise failure(f"nothing is stored of {quote} ({period})")
        write_header(output)
        first = info.first if start is None else max(start, info.first)
        last = info.last + 1 if end is None else min(end, info.last + 1)
        step = WINDOW_DAYS[period] * DAY_MS
        with _progress(range(first, last, step), quote) as windows:
            for begin in windows:
                wanted = HistoryRange(quote, period, begin, min(begin + step, last))
                bars = _asked(partial(history.read, wanted)).bars
                write_bars(bars, period, output)
                count += len(bars)
    click.echo(f"wrote {count} bars of {printable(quote)} ({period})", err=True)


@click.command()
@config_options((*QUEUE_KEYS, "history_days_1m", "history_days_1d", "history_days_ticks"))
def prune(**options: OptionValue) -> None:
    """Remove what is older than history_days_1m, history_days_1d and history_days_ticks say.

    The server does so once a day, but keeps old bars that were stored lately. Bars go by the trading day or the year,
    the ticks of a quote when it has been silent for so long.

    \b
    Example:
      rtserver history prune --history-days-1m 365
    """
    config = config_of(options)
    count = 0
    for name in queues_of(config):
        with closing(open_history(config, name)) as history:
            states = RedisStates(history, open_queue(config, name))
            pruned_of = prune_of(config, history, states, exchange_calendars(config), is_strict=True)
            with _progress(pruned_of(history.quotes()), "pruning") as pruned:
                for each in pruned:
                    count += each.removed
                    if each.failure:
                        click.echo(f"Warning: {printable(each.failure)}", err=True)
    click.echo(f"removed {count} groups: trading days or years of bars, ticks of silent quotes")


@click.command()
@click.option("--quote", "only", default="", metavar="KEY", help="Of one quote alone.")
@config_options(QUEUE_KEYS)
def info(only: str, **options: OptionValue) -> None:
    """List what is stored, by quote and period: first and last bar (UTC), bars, bytes; then the totals."""
    found: list[StoredInfo] = []
    config = config_of(options)
    for name in queues_of(config):
        with closing(open_history(config, name)) as history:
            quotes = [only] if only else history.quotes()
            with _progress(quotes, "looking") as progress:
                for quote in progress:
                    found += filter(None, (_asked(partial(history.info, quote, base)) for base in BASES))
    for line in table_of(found):
        click.echo(line)


def table_of(found: Sequence[StoredInfo]) -> Iterator[str]:
    """Yield the lines of a table, with a line of totals."""
    width = max((len(each.quote) for each in found), default=0)
    for each in found:
        ends = f"{_moment(each.first, each.base)}  {_moment(each.last, each.base)}"
        yield f"{printable(each.quote):<{width}}  {each.base}  {ends}  {each.rows:>10,} bars  {each.bytes:>13,} bytes"
    rows, size = sum(each.rows for each in found), sum(each.bytes for each in found)
    quotes = len({each.quote for each in found})
    yield f"{quotes:,} {'quote' if quotes == 1 else 'quotes'}, {rows:,} bars, {size:,} bytes"


def _moment(label: int, base: str) -> str:
    day, rest = divmod(label, DAY_MS)
    try:
        date = date_of_day(day).isoformat()
    except (ValueError, OverflowError):
        return str(label)
    minutes = rest // 60_000
    return f"{date}      " if base == "1d" else f"{date} {minutes // 60:02}:{minutes % 60:02}"


def _progress(items: Iterable[T], label: str) -> AbstractContextManager[Iterable[T]]:
    """Return a progress bar on stderr over ``items``."""
    return click.progressbar(items, label=printable(label), show_pos=True, file=sys.stderr)


def _asked(read: Callable[[], T]) -> T:
    try:
        return read()
    except HistoryError as error:
        raise failure(str(error)) from error
