"""``rtserver queues``: the queues that a server shares its quotes among."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import NamedTuple

import click
import msgspec

from rtserver.base.queue.redis_queue import RedisQueue
from rtserver.base.queue.shard import queue_of, slot_of, spread_names
from rtserver.base.wire.printable import printable
from rtserver.bootstrap.command.failure import failure
from rtserver.bootstrap.command.queue_client import open_history, open_queue, running_servers
from rtserver.bootstrap.command.text_table import table
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.config_option import QUEUE_KEYS, OptionValue, config_of, config_options
from rtserver.bootstrap.config.limits import queues_of
from rtserver.history.quote_move import move_quote, strays
from rtserver.history.redis_history import RedisHistory
from rtserver.history.redis_states import RedisStates
from rtserver.service.quote.quote_center import QuoteCenter

HEADINGS = ("QUEUE", "SLOT", "WAITING", "QUOTES", "MISPLACED")
MOST_NAMES = 256
PORTION = 1_000


class _Typed(msgspec.Struct):
    type: str


_TYPE = msgspec.json.Decoder(_Typed)


class QueueRow(NamedTuple):
    """One queue: its slot in a Cluster, messages on its list, stored quotes, and those that belong elsewhere."""

    name: str
    slot: int
    waiting: int
    quotes: int
    misplaced: int


@click.command("list")
@config_options(QUEUE_KEYS)
def list_queues(**options: OptionValue) -> None:
    """List the queues: their slots in a Redis Cluster, messages that wait, stored quotes, those of other queues."""
    config = config_of(options)
    for line in lines(list(_rows(config))):
        click.echo(line)


@click.command("names")
@click.argument("number", type=click.IntRange(1, MOST_NAMES))
@config_options(["queue"])
def suggest_names(number: int, **options: OptionValue) -> None:
    """Print names for NUMBER queues, which lie evenly in the slots of a Redis Cluster, as the setting takes them.

    \b
    Example:
      rtserver queues names 4 >> rtserver.toml
    """
    names = ", ".join(f'"{name}"' for name in spread_names(config_of(options).queue, number))
    click.echo(f"queues = [{names}]")


@click.command("move")
@click.option(
    "--from", "former", metavar="A,B,...", default="", help="Queues that are in the settings no more, and had quotes."
)
@config_options(QUEUE_KEYS)
def move(former: str, **options: OptionValue) -> None:
    """Move stored quotes to the queues that they belong to, after queues were added or removed.

    Stop the producers first, wait two seconds, then stop the servers. It refuses to begin while a server runs, and
    where messages of quotes are not in the history yet. Cut off in the middle, it goes on when it is run again.

    \b
    Examples:
      rtserver queues move
      rtserver queues move --from queue:rtserver:3
    """
    config = config_of(options)
    names = queues_of(config)
    every = (*names, *(name for name in filter(None, former.split(",")) if name not in names))
    if running := running_servers(config):
        raise failure(f"a server runs still: {', '.join(server.name for server in running)}")
    with ExitStack() as stack:
        histories = {name: stack.enter_context(closing(open_history(config, name))) for name in every}
        for name, history in histories.items():
            _check_stored(stack.enter_context(closing(open_queue(config, name))), history)
        plan = [(quote, name) for name in every for quote in strays(histories[name], partial(queue_of, queues=names))]
        left = []
        with click.progressbar(plan, label="moving", show_pos=True, file=sys.stderr) as progress:
            for quote, name in progress:
                if not move_quote(quote, histories[name], histories[queue_of(quote, names)]):
                    left.append(f"{printable(quote)} of {printable(name)}")
    moved = len(plan) - len(left)
    click.echo(f"moved {moved} {'quote' if moved == 1 else 'quotes'}")
    if left:
        raise failure(f"their own queues have later prices of {', '.join(left)}: export and import their bars")


def _check_stored(queue: RedisQueue, history: RedisHistory) -> None:
    """Raise a failure if a message of quotes waits, or is on the bus and not in the history."""
    name = printable(history.redis.name)
    if waiting := queue.waiting():
        raise failure(f"{waiting} messages wait on {name}: start the servers as before, and let them read these")
    stored, newest = RedisStates(history, queue).stored_until(), queue.newest_id()
    while entries := queue.range(stored, newest, PORTION):
        if any(_is_of_quotes(entry.raw) for entry in entries):
            raise failure(f"prices on {name} are not in the history yet: start the servers as before for a while")
        stored = entries[-1].id


def _is_of_quotes(raw: bytes) -> bool:
    try:
        return _TYPE.decode(raw).type == QuoteCenter.msg_type
    except msgspec.DecodeError:
        return False


def _rows(config: Config) -> Iterator[QueueRow]:
    names = queues_of(config)
    for name in names:
        with closing(open_queue(config, name)) as queue, closing(open_history(config, name)) as history:
            quotes = history.quotes()
            misplaced = sum(queue_of(quote, names) != name for quote in quotes)
            yield QueueRow(name, slot_of(name), queue.waiting(), len(quotes), misplaced)


def lines(rows: Sequence[QueueRow]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield from table(HEADINGS, [(printable(row.name), *map(str, row[1:])) for row in rows], range(1, len(HEADINGS)))
