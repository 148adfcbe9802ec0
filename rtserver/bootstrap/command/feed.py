"""``rtserver feed``: producers of quotes that run until they are stopped, and what they say meanwhile.

0    the feed has ended, or was stopped by SIGINT or SIGTERM; all that was read is on the queue
1    it could not begin, or could not go on: the message says why
2    the command line is wrong
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from rtserver.base.wire.printable import printable, printable_lines
from rtserver.bench.progress import Progress
from rtserver.bootstrap.command.queue_client import is_handled_by_all, open_lists
from rtserver.bootstrap.config.config_option import QUEUE_KEYS, OptionValue, config_of, config_options
from rtserver.bootstrap.config.plugin import load_feed
from rtserver.bootstrap.process.log import set_up_log
from rtserver.feed.csv_feed import CsvFeed
from rtserver.feed.port import Feed
from rtserver.feed.run import FeedOptions, FeedRun, FeedStatus, ignore_status
from rtserver.feed.status_line import StatusLine
from rtserver.feed.trade import TradeShape
from rtserver.feed.trade_feed import TradeFeed
from rtserver.feed.trade_market import TradeMarket
from rtserver.feed.trade_simulator import TradeSimulator
from rtserver.service.quote.quote_file import QuoteFileError

F = TypeVar("F", bound=Callable[..., Any])

SPEED = click.FloatRange(min=0.001, max=1e9)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _of_run(command: F) -> F:
    """The options that every feed has."""
    for option in (
        click.option("--src", metavar="TEXT", default="feed", show_default=True, help="Sender of the messages."),
        click.option(
            "--max-backlog",
            metavar="N",
            type=click.IntRange(min=1),
            default=10_000,
            show_default=True,
            help="Read no further while so many messages wait on the list.",
        ),
        click.option(
            "--batch",
            metavar="N",
            type=click.IntRange(1, 20_000),
            default=500,
            show_default=True,
            help="Ticks in one message, at most; none waits longer than 50 ms for others.",
        ),
        click.option(
            "--heartbeat",
            "heartbeat_seconds",
            metavar="S",
            type=click.FloatRange(min=0),
            default=4.0,
            show_default=True,
            help="Say so often that quiet quotes are alive; 0 for never.",
        ),
        config_options(QUEUE_KEYS),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("path", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--quote", required=True, metavar="KEY", help="Quote of the file's points, EXCHANGE:ITEM:DATE.")
@click.option("--speed", type=SPEED, default=1.0, metavar="NUMBER", help="Times faster than the market.  [1]")
@_of_run
def csv(path: Path, quote: str, speed: float, **options: Any) -> None:
    """Play a CSV file at the pace of its times.

    The first line names the columns: Date, Open, High, Low, Close, Volume, or time, price and perhaps volume and id.
    The whole file is checked before the first point goes out.

    \b
    Example:
      rtserver feed csv AAPL.csv --quote DEMO:AAPL:20130301 --speed 86400
    """
    play(path, quote, speed, _run_options(options), options)


@click.command()
@click.argument("url", metavar="URL")
@click.option("--exchange", required=True, metavar="NAME", help="Exchange in the keys of the quotes.")
@click.option("--date", default="", metavar="YYYYMMDD", help="Date in the keys.  [none: EXCHANGE:ITEM]")
@_of_run
def trades(url: str, exchange: str, date: str, **options: Any) -> None:
    """Follow the trades of a WebSocket in the JSON that Binance documents.

    A connection that is lost is made again with backoff. A trade that comes again is dropped by its id.

    \b
    Example, with "rtserver feed simulate" in another terminal:
      rtserver feed trades "ws://127.0.0.1:9443/stream?streams=btcusdt@trade/ethusdt@trade" --exchange SIM
    """
    try:
        feed = TradeFeed(url, TradeShape(exchange, date))
    except ValueError as error:
        raise click.BadParameter(printable(str(error)), param_hint="URL") from error
    _run(feed, _run_options(options), options)


@click.command()
@click.argument("path", metavar="MODULE:CLASS")
@click.argument("arguments", metavar="[ARGUMENT]...", nargs=-1)
@_of_run
def run(path: str, arguments: tuple[str, ...], **options: Any) -> None:
    """Run a feed of your own, a subclass of rtserver.feed.port.Feed.

    The arguments are those of its constructor, as texts. The current directory is in the path of imports.

    \b
    Example:
      rtserver feed run shop.feeds:MyFeed prices.log
    """
    _run(load_feed(path)(*arguments), _run_options(options), options)


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=9443, show_default=True, help="0 takes any free one.")
@click.option(
    "--symbol", "symbols", multiple=True, default=("BTCUSDT", "ETHUSDT"), show_default=True, help="May be repeated."
)
@click.option(
    "--rate", type=click.FloatRange(min=0), default=20.0, show_default=True, help="Trades a second, of all."
)
@click.option(
    "--drop-seconds",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="End all connections every so often; 0 for never.",
)
@click.option("--repeat", type=click.IntRange(0, 1000), default=20, help="Trades that a new client is told again.")
@click.option("--seed", type=int, default=1, help="Start of the random numbers.")
def simulate(port: int, symbols: tuple[str, ...], seed: int, **options: Any) -> None:
    """Serve made-up trades on loop-back, for "rtserver feed trades"."""
    market = TradeMarket(tuple(symbol.upper() for symbol in symbols), seed)
    simulator = TradeSimulator(market, **options)
    streams = "/".join(f"{symbol.lower()}@trade" for symbol in symbols)

    async def serve() -> None:
        stop = asyncio.Event()
        for number in STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await simulator.serve(
            port, lambda port: click.echo(f"trades at ws://127.0.0.1:{port}/stream?streams={streams}"), stop
        )

    try:
        asyncio.run(serve())
    except OSError as error:
        raise click.ClickException(f"127.0.0.1:{port}: {error.strerror}") from error


def play(path: Path, quote: str, speed: float, chosen: FeedOptions, options: Mapping[str, OptionValue]) -> None:
    """Play a CSV file onto the queue of the options."""
    feed = CsvFeed(path, quote, speed)
    try:
        count = feed.count()
        status = _run(feed, chosen, options, count)
    except (QuoteFileError, OSError) as error:
        raise click.ClickException(printable_lines(str(error))) from error
    click.echo(f"played {status.ticks} points of {printable(quote)}")


def _run(
    feed: Feed, chosen: FeedOptions, options: Mapping[str, OptionValue], length: int | None = None
) -> FeedStatus:
    """Run a feed until it ends or a signal stops it, with a status line on a terminal."""
    config = config_of(options)
    set_up_log(sys.stderr, level=config.log_level, form=config.log_format, environ=os.environ)
    with closing(open_lists(config)) as queue:
        if not is_handled_by_all(config, "quote_alive"):
            chosen = msgspec.structs.replace(chosen, heartbeat_seconds=0.0)
        progress = Progress()
        line = StatusLine(length, time.monotonic())

        def tell(status: FeedStatus) -> None:
            progress.maybe_say(lambda: line.text(status, time.monotonic()))

        feed_run = FeedRun(feed, queue, chosen, tell=tell if sys.stderr.isatty() else ignore_status)
        with _stopped_by_signals(feed_run.stop):
            status = feed_run.run()
        progress.end()
    return status


def _run_options(options: dict[str, Any]) -> FeedOptions:
    """Take the options of a run out of those of a command, whose others are the configuration's."""
    names = ("src", "max_backlog", "batch", "heartbeat_seconds")
    return FeedOptions(**{name: options.pop(name) for name in names})


@contextmanager
def _stopped_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """Call ``stop`` at the first SIGINT or SIGTERM. A second one ends the process as usual."""
    usual = {number: signal.getsignal(number) for number in STOP_SIGNALS}

    def restore() -> None:
        for number, handler in usual.items():
            signal.signal(number, handler)

    def on_signal(*_: object) -> None:
        restore()
        stop()

    for number in STOP_SIGNALS:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        restore()
