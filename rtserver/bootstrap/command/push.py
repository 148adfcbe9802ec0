"""``rtserver push``: one message for each line of input."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from rtserver.base.wire import json
from rtserver.service.message import encode
from rtserver.service.shard_queues import ShardQueues


class InputError(ValueError):
    """A line that is no JSON. No message was pushed for it. ``str`` of it names the line and the reason."""


def push(
    queue: ShardQueues,
    message_type: str,
    src: str,
    lines: Iterable[str],
    message_id: str | None = None,
    *,
    key: str | None = None,
) -> int:
    """Push one message for each line, as soon as the line is read, and return how many there were.

    A line is the JSON of the message's data; empty lines are skipped. The first message has the id ``message_id``,
    the one of line n ``<message_id>-n``. After a failure the caller may start again with all lines: the server drops
    the repeats. Of several queues they go to that of the ``key``. Raises ``InputError`` at the first line that is no
    JSON, and ``QueueError``.
    """
    decoder = msgspec.json.Decoder(Any, float_hook=Decimal)  # a float would lose digits of long numbers
    pushed = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        line_id = message_id if message_id is None or number == 1 else f"{message_id}-{number}"
        try:
            raw = encode(message_type, src, json.decode(line.encode(), decoder), line_id)
        except (json.JsonError, UnicodeEncodeError) as error:
            raise InputError(f"line {number} is no JSON: {error}") from error
        queue.put([raw], key)
        pushed += 1
    return pushed
