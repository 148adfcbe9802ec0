"""The command line: its commands, their options, and their output.

Other files do the work. Modules that take long to load are imported by the command that needs them: a push need not
wait for Django.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import click

import rtserver
from rtserver.base.queue.port import QueueError
from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.base.wire.printable import printable
from rtserver.bootstrap.command.failure import failure
from rtserver.bootstrap.command.lazy_group import LazyGroup
from rtserver.bootstrap.config.config_option import QUEUE_KEYS, OptionValue, arguments_of, config_of, config_options
from rtserver.bootstrap.config.error import StartError
from rtserver.bootstrap.supervisor.assignment import Assignment
from rtserver.bootstrap.supervisor.handover import Handover
from rtserver.bootstrap.supervisor.reexec import is_rehearsal
from rtserver.bootstrap.supervisor.supervise import supervise, worker_count

OWN_FLAGS = frozenset({"--help", "-h", "--version"})
COLOURS = {"ok": "green", "warn": "yellow", "FAIL": "red"}


class ServeByDefault(click.Group):
    """Group that runs ``serve`` if no command is named. A start that fails is one line on stderr and exit status
    1.
    """

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Put ``serve`` in front of options that belong to no command."""
        if not args or (args[0].startswith("-") and args[0] not in OWN_FLAGS):
            args = ["serve", *args]
        return super().parse_args(context, args)

    def invoke(self, context: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(context)
        except (StartError, QueueError) as error:
            raise failure(str(error)) from error


def _bench_commands() -> Mapping[str, click.Command]:
    from rtserver.bootstrap.command import bench as module

    return {"server": module.server, "client": module.client, "redis": module.redis}


def _feed_commands() -> Mapping[str, click.Command]:
    from rtserver.bootstrap.command import feed as module

    return {"csv": module.csv, "trades": module.trades, "run": module.run, "simulate": module.simulate}


def _gateway_commands() -> Mapping[str, click.Command]:
    from rtserver.bootstrap.command import gateway as module
    from rtserver.bootstrap.command import gateway_stats

    return {"run": module.run, "check": module.check, "stats": gateway_stats.stats}


def _queues_commands() -> Mapping[str, click.Command]:
    from rtserver.bootstrap.command import queues as module

    return {"names": module.suggest_names, "list": module.list_queues, "move": module.move}


def _history_commands() -> Mapping[str, click.Command]:
    from rtserver.bootstrap.command import history as module

    return {
        "import": module.import_files,
        "export": module.export_file,
        "info": module.info,
        "prune": module.prune,
    }


@click.group(cls=ServeByDefault, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(rtserver.__version__, prog_name="rtserver")
def main() -> None:
    """Live data from a Redis list to the logged-in users of a Django site.

    \b
    Without a command: serve. With no configuration at all it starts a Redis
    of its own, serves a demo site and plays demo quotes.
    """


@main.command(
    epilog="Every option may also stand in rtserver.toml (port = 8000) or in the environment (RTSERVER_PORT)."
)
@config_options()
def serve(**options: OptionValue) -> None:
    """Start the server.

    \b
    Examples:
      python -m rtserver
      python -m rtserver --port 8000 --no-demo-quotes
      python -m rtserver --django-settings shop.settings --redis-url redis://redis.internal:6379/0
    """
    _import_from_here()
    config = config_of(options)
    assignment = Assignment.take_from(os.environ)
    handover = Handover.take_from(os.environ)
    if is_rehearsal(os.environ):
        return
    if handover is not None or (assignment is None and worker_count(config) > 1):
        sys.exit(supervise(config, arguments_of(options), handover))
    from rtserver.bootstrap.serve import serve as run

    sys.exit(run(config, assignment))


@main.command("demo-feed", hidden=True)
@config_options()
def demo_feed(**options: OptionValue) -> None:
    """Play the demo's quotes, for the workers of a supervisor."""
    config = config_of(options)
    from rtserver.bootstrap.demo_feed import play

    play(config)


@main.command()
@click.option(
    "--quotes", type=click.IntRange(min=0), default=0, metavar="N", help="Say what so many quotes will need."
)
@click.option(
    "--trading-days",
    type=click.IntRange(min=0),
    metavar="N",
    help="Days of bars of each quote.  [those of history_days_1m, five a week]",
)
@click.option(
    "--minutes-a-day", type=click.IntRange(1, 1440), default=1440, metavar="N", help="Minutes of trading.  [1440]"
)
@config_options()
def check(quotes: int, trading_days: int | None, minutes_a_day: int, **options: OptionValue) -> None:
    """Check the configuration and everything that it points to.

    Exits with 1 if a server could not start, or no user could log in.

    \b
    Example: what history will need
      rtserver check --quotes 5000 --trading-days 504 --minutes-a-day 390
    """
    _import_from_here()
    config = config_of(options)
    from rtserver.bootstrap.command.check import check_all
    from rtserver.bootstrap.command.check_history import HistoryPlan
    from rtserver.bootstrap.site.finding import Severity

    _say(Severity.OK, "config", "all keys are known, all values allowed")
    severities = []
    for finding in check_all(config, HistoryPlan(quotes, trading_days, minutes_a_day)):
        _say(*finding)
        severities.append(finding.severity)
    sys.exit(1 if Severity.FAIL in severities else 0)


@main.command()
@click.argument("message_type", metavar="TYPE")
@click.argument("data")
@click.option("--src", default="cli", metavar="TEXT", help="Sender of the message.  [cli]")
@click.option(
    "--id", "message_id", metavar="TEXT", help="Id of the message: a second one with it is dropped. Line N gets ID-N."
)
@click.option("--key", metavar="TEXT", help="Of several queues, that of this key. Quotes find theirs by themselves.")
@config_options(QUEUE_KEYS)
def push(
    message_type: str, data: str, src: str, message_id: str | None, key: str | None, **options: OptionValue
) -> None:
    """Put a service message on the queue.

    DATA is JSON; with - each line of the standard input is the data of one message. A warning says so if no
    running server handles messages of this type.

    \b
    Examples:
      rtserver push pushuser '{"user_id":"*","type":"notice","data":{"text":"hello"}}'
      rtserver push quote '[{"quote":"SHOP:AAPL:20130301","info":{"point":[1362150000000,430.5]}}]'
      tail -f feed.jsonl | rtserver push quote - --src feed-1
    """
    config = config_of(options)
    from rtserver.bootstrap.command import push as pushing
    from rtserver.bootstrap.command.queue_client import complaint_about, open_lists
    from rtserver.bootstrap.config.limits import queues_of

    queue = open_lists(config)
    lines = sys.stdin if data == "-" else [data]
    try:
        count = pushing.push(queue, message_type, src, lines, message_id, key=key)
        complaint = complaint_about(queue, config, message_type) if count else ""
    except pushing.InputError as error:
        raise click.BadParameter(printable(str(error)), param_hint="DATA") from error
    finally:
        queue.close()
    where = printable(f"{', '.join(queues_of(config))} at {queue.address}")
    click.echo(f"pushed {count} {'message' if count == 1 else 'messages'} to {where}")
    if complaint:
        click.echo(f"Warning: {printable(complaint)}", err=True)


@main.command()
@config_options(QUEUE_KEYS)
def workers(**options: OptionValue) -> None:
    """List the servers that share the Redis: name, version, users, connections, since when (UTC)."""
    config = config_of(options)
    from rtserver.bootstrap.command import worker_table
    from rtserver.bootstrap.command.queue_client import running_servers

    for line in worker_table.lines(running_servers(config)):
        click.echo(line)


@main.command()
@click.argument("path", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--quote", required=True, metavar="KEY", help="Quote under which to play it, EXCHANGE:ITEM:DATE.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0.001, max=1e9),
    default=1.0,
    metavar="NUMBER",
    help="Times faster than the market; 86400 plays a day per second.  [1]",
)
@config_options(QUEUE_KEYS)
def quotes(path: Path, quote: str, speed: float, **options: OptionValue) -> None:
    """Play a CSV file as live quotes, each point a message. The same as "feed csv --batch 1".

    The first line names the columns: Date, Open, High, Low, Close, Volume, or time, price and perhaps volume.
    The whole file is checked before the first point goes out.

    \b
    Example:
      rtserver quotes AAPL.csv --quote DEMO:AAPL:20130301 --speed 86400
    """
    from rtserver.bootstrap.command.feed import play
    from rtserver.feed.run import FeedOptions

    play(path, quote, speed, FeedOptions(src="quotes", batch=1, heartbeat_seconds=0.0), options)


@main.command()
@click.argument("directory", required=False, type=click.Path(file_okay=False, path_type=Path))
def static(directory: Path | None) -> None:
    """Show where the files for browsers are, or copy them to DIRECTORY.

    \b
    They are js/rtc/, the library, and vendor/echarts/, which draws charts. A
    Django site has them without a copy, with this line in its settings:
      STATICFILES_DIRS = [BASE_DIR / "static", *rtserver.static_dirs()]
    """
    from rtserver.bootstrap.command.static_files import copy_to

    try:
        places = [place for _, place in rtserver.static_dirs()] if directory is None else copy_to(directory)
    except OSError as error:
        raise failure(str(error)) from error
    for place in places:
        click.echo(printable(str(place)))


@main.group()
def dead() -> None:
    """Look at messages that could not be handled, and push them again."""


_of_queue = click.option("--of", "name", default="", metavar="QUEUE", help="Of several queues, those of this one.")


@dead.command("list")
@click.option("--reason", default="", metavar="WORD", help="Only those of one reason, such as bad_data.")
@_of_queue
@config_options(QUEUE_KEYS)
def list_dead(reason: str, name: str, **options: OptionValue) -> None:
    """List dead letters, one line each: id, time (UTC), reason, source, the beginning of the message."""
    from rtserver.bootstrap.command import dead_letter

    with _queue(options, name) as queue:
        for letter in dead_letter.letters(queue, reason):
            click.echo(dead_letter.line(letter))


@dead.command("show")
@click.argument("letter_id", metavar="ID")
@_of_queue
@config_options(QUEUE_KEYS)
def show_dead(letter_id: str, name: str, **options: OptionValue) -> None:
    """Show one whole message, and what was wrong with it."""
    from rtserver.bootstrap.command import dead_letter

    with _queue(options, name) as queue:
        letter = dead_letter.find(queue, letter_id)
    if letter is None:
        raise failure(f"no dead letter has the id {letter_id}")
    click.echo(dead_letter.page(letter))


@dead.command("requeue")
@click.argument("letter_ids", metavar="ID...", nargs=-1)
@click.option("--all", "is_all", is_flag=True, help="Requeue all letters that are there now.")
@_of_queue
@config_options(QUEUE_KEYS)
def requeue_dead(letter_ids: tuple[str, ...], is_all: bool, name: str, **options: OptionValue) -> None:
    """Push messages to the end of the queue again, and forget their letters.

    Of messages that were too large only the beginning was kept: their letters stay.

    \b
    Examples:
      rtserver dead requeue 1763668800000-0
      rtserver dead requeue --all
    """
    if bool(letter_ids) is is_all:
        raise click.UsageError("name ids, or say --all")
    from rtserver.bootstrap.command import dead_letter

    with _queue(options, name) as queue:
        wanted = dead_letter.whole_ids(queue) if is_all else letter_ids
        missing = [letter_id for letter_id in wanted if not queue.requeue(letter_id)]
    if missing:
        raise failure(f"no dead letter, or none with all of its message, has the id {', '.join(missing)}")
    click.echo(f"pushed {len(wanted)} {'message' if len(wanted) == 1 else 'messages'} again")


@main.group("history", cls=LazyGroup, load=_history_commands)
def histories() -> None:
    """Fill the stored history of quotes from files, write it to files, prune it, and see what is there."""


@main.group("feed", cls=LazyGroup, load=_feed_commands)
def feeds() -> None:
    """Bring quotes to the queue: from a file, a WebSocket, or a class of your own."""
    _import_from_here()


@main.group(cls=LazyGroup, load=_bench_commands)
def bench() -> None:
    """Measure a server: this machine's, or your own from another machine."""


@main.group(cls=LazyGroup, load=_gateway_commands)
def gateway() -> None:
    """Run a TCE gateway, and check the configuration of gateways and of the services behind them."""


@main.group("queues", cls=LazyGroup, load=_queues_commands)
def queues() -> None:
    """Look at several queues, name them, and move stored quotes to theirs."""


def _queue(options: dict[str, OptionValue], name: str) -> AbstractContextManager[RedisQueue]:
    """Open the one queue, or that of several which is named. Raises ``UsageError``."""
    from rtserver.bootstrap.command.queue_client import open_queue
    from rtserver.bootstrap.config.limits import queues_of

    config = config_of(options)
    names = queues_of(config)
    if name not in names and (name or len(names) > 1):
        raise click.UsageError(f"--of must be one of {', '.join(map(printable, names))}")
    return closing(open_queue(config, name))


def _import_from_here() -> None:
    """Make plug-ins in the current directory importable: a console script leaves it out of the path."""
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)


def _say(severity: str, subject: str, detail: str) -> None:
    click.echo(f"{click.style(f'{severity:<5}', fg=COLOURS[severity])} {subject:<9} {printable(detail)}")
