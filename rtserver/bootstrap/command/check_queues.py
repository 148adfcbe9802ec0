"""The part of ``rtserver check`` about several queues: what lies on one of them and belongs on another."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from typing import NamedTuple

import msgspec

from rtserver.base.queue.port import QueueError
from rtserver.base.queue.shard import queue_of
from rtserver.base.wire.printable import printable
from rtserver.bootstrap.command.queue_client import newest_messages, open_history
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import PluginError, RedisError
from rtserver.bootstrap.config.limits import queues_of
from rtserver.bootstrap.config.plugin import load_plugins
from rtserver.bootstrap.site.finding import Finding, Severity
from rtserver.history.quote_move import strays
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.quote.quote_alive import QuoteAliveMsgHandler
from rtserver.service.quote.quote_center import QuoteCenter
from tcelib.redis.redis_error import RedisCallError

SUBJECT = "queues"
MOST_NAMED = 3
MOST_MESSAGES = 1_000
ON_EVERY_QUEUE = {QuoteCenter.msg_type, QuoteAliveMsgHandler.msg_type, "canary"}


class Misplaced(NamedTuple):
    """Of some messages of one queue: quotes that belong on another one, and types that only the first one takes."""

    quotes: Mapping[str, str]
    types: Collection[str]


class _Item(msgspec.Struct):
    quote: str


class _Message(msgspec.Struct):
    type: str
    data: msgspec.Raw = msgspec.Raw(b"null")


_MESSAGE = msgspec.json.Decoder(_Message)
_ITEMS = msgspec.json.Decoder(list[_Item])


def check_queues(config: Config) -> Iterator[Finding]:
    """Check stored quotes, messages that wait, and the newest that were read, if there are several queues."""
    names = queues_of(config)
    if len(names) < 2:
        return
    try:
        plugins = load_plugins(config.services, "rtserver.services", ServiceMsgHandler)
    except PluginError:
        return  # the check of plug-ins says why
    types = ON_EVERY_QUEUE | {plugin.msg_type for plugin in plugins if plugin.is_sharded}
    for name in names:
        try:
            with closing(open_history(config, name)) as history:
                stored = {quote: queue_of(quote, names) for quote in strays(history, partial(queue_of, queues=names))}
            found = find_misplaced(newest_messages(config, name, MOST_MESSAGES), name, names, types)
        except (QueueError, RedisError, RedisCallError):
            return  # the check of Redis says why
        yield from judge_queue(name, names[0], stored, found)


def find_misplaced(raws: Iterable[bytes], name: str, names: Sequence[str], types: Collection[str]) -> Misplaced:
    """Return what lies on the queue ``name`` and belongs on another of ``names``. ``types`` may come on each.

    By what key the messages of a plug-in's handler are divided, only their producers know. What is no message is left
    out: it becomes a dead letter, whose reason tells more.
    """
    quotes: dict[str, str] = {}
    others: set[str] = set()
    for raw in raws:
        try:
            message = _MESSAGE.decode(raw[raw.find(b"{") :])  # behind its signature, if it has one
            if message.type == QuoteCenter.msg_type:
                owners = {item.quote: queue_of(item.quote, names) for item in _ITEMS.decode(message.data)}
                quotes |= {quote: owner for quote, owner in owners.items() if owner != name}
            elif message.type not in types and name != names[0]:
                others.add(message.type)
        except msgspec.DecodeError:
            continue
    return Misplaced(quotes, others)


def judge_queue(name: str, first: str, stored: Mapping[str, str], found: Misplaced) -> Iterator[Finding]:
    """Judge one queue by its stored quotes that belong elsewhere, and by its messages that do."""
    shown = printable(name)
    if not (stored or found.quotes or found.types):
        yield Finding(Severity.OK, SUBJECT, f"{shown}: nothing of another queue")
    if stored:
        text = f"{shown} has stored {_some(stored)}: stop all servers, and run: rtserver queues move"
        yield Finding(Severity.FAIL, SUBJECT, text)
    if found.quotes:
        text = f"{shown} got messages of {_some(found.quotes)}: its producers go by other names of queues"
        yield Finding(Severity.FAIL, SUBJECT, text)
    if found.types:
        kinds = ", ".join(map(printable, sorted(found.types)[:MOST_NAMED]))
        text = f"{shown} got messages of a type that only {printable(first)} takes: {kinds}"
        yield Finding(Severity.FAIL, SUBJECT, text)


def _some(quotes: Mapping[str, str]) -> str:
    """Name the first quotes, and the queues that they belong on."""
    named = [f"{printable(quote)} ({printable(owner)})" for quote, owner in sorted(quotes.items())[:MOST_NAMED]]
    more = ["..."] if len(quotes) > MOST_NAMED else []
    kind = "a quote" if len(quotes) == 1 else f"{len(quotes)} quotes"
    return f"{kind} of another queue: {', '.join(named + more)}"
