"""The commands that act as a producer: they find the queue and push to it, like any backend.

Decides where the queue is and what is pushed when. What a message looks like is ``service/message.py``, what a file
of quotes looks like ``service/quote/quote_file.py``.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from rtserver.base.queue.port import QueueError, QueuePort
from rtserver.base.queue.redis_queue import RedisQueue, plain_client
from rtserver.base.queue.redis_server_list import RedisServerList
from rtserver.base.queue.server_list import complaint
from rtserver.base.queue.signature import Signer
from rtserver.base.wire import json
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.error import RedisError
from rtserver.bootstrap.process.embedded_redis import running_url
from rtserver.service.message import encode
from rtserver.service.quote.quote_file import paced, quote_item, read_quotes


class InputError(ValueError):
    """Something that was given to be pushed and cannot be: nothing of it went out. ``str`` says where and why."""


def open_queue(config: Config) -> RedisQueue:
    """The queue of the configured Redis, else of the embedded one that runs for the same ``var_dir``.

    It signs what is put there, if there is a ``queue_secret``. Raises ``RedisError`` if there is no Redis at all;
    whether one answers is seen when it is used.
    """
    url = config.redis_url or running_url(Path(config.var_dir))
    if not url:
        where = Path(config.var_dir).resolve()
        raise RedisError(f"no embedded Redis runs for {where}: start rtserver, or name a Redis with --redis-url")
    return RedisQueue(plain_client(url), config.queue, signer=signer_of(config))


def signer_of(config: Config) -> Signer:
    """Who signs what goes onto the queue, and judges what comes from it."""
    return Signer(config.queue_secret, seconds=config.signature_seconds, now=time.time)


def complaint_about(queue: RedisQueue, config: Config, message_type: str) -> str:
    """Why messages of a type might reach nobody; empty if all running servers handle them, or that cannot be told."""
    client = plain_client(config.redis_url or running_url(Path(config.var_dir)) or "")
    try:
        running = RedisServerList(client, config.queue).running()
    except QueueError:
        return ""
    finally:
        client.close()
    return complaint([message_type], running, f"{config.queue} at {queue.address}")


def push(queue: QueuePort, message_type: str, src: str, lines: Iterable[str], message_id: str | None = None) -> int:
    """Push one message per line, whose data is the line's JSON, as soon as the line is there; how many there were.

    The first line's id is ``message_id``, that of line n is ``<message_id>-n``: who starts again with all of the
    lines after it went wrong in the middle repeats nothing.

    Raises ``InputError`` at the first line that is no JSON, ``QueueError``.
    """
    decoder = msgspec.json.Decoder(Any, float_hook=Decimal)  # what is pushed on loses no digit
    pushed = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        line_id = message_id if message_id is None or number == 1 else f"{message_id}-{number}"
        try:
            raw = encode(message_type, src, json.decode(line.encode(), decoder), line_id)
        except (json.JsonError, UnicodeEncodeError) as error:
            raise InputError(f"line {number} is no JSON: {error}") from error
        queue.put([raw])
        pushed += 1
    return pushed


def count_points(path: Path) -> int:
    """How many points a file of quotes holds, every one of them checked.

    Raises ``QuoteFileError``; ``OSError`` if the file cannot be opened.
    """
    return sum(1 for _ in read_quotes(path))


def play(
    queue: QueuePort,
    path: Path,
    quote: str,
    speed: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[None]:
    """Push the points of a file at the pace of their times, and yield after each.

    Raises ``QuoteFileError``, ``QueueError``.
    """
    for info in paced(read_quotes(path), speed, clock=clock, sleep=sleep):
        queue.put([encode("quote", "quotes", [quote_item(quote, info)])])
        yield
