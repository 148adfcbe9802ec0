"""The format of the bus, and the note by which a newer one is refused.

Entries have had one format so far: the first field is ``raw``, the message, and older versions look at no other. A
version that writes entries which this one cannot read first notes a higher number beside the bus. Without a note the
format is the first one.
"""

from tcelib.queue.error import QueueRefusedError
from tcelib.queue.redis_commands import RedisCommands

FORMAT = 1
RAW = b"raw"
NOTE = "format"
"""Name of the key, beside those of the bus."""


def newer_format(queue: str, note: bytes | None) -> str:
    """Return what is wrong with a bus that has this note; empty if its entries can be read here."""
    if note is None or (note.isdigit() and int(note) <= FORMAT):
        return ""
    text = note[:20].decode(errors="replace")
    return f"the bus of {queue} has format {text}; this version reads up to {FORMAT}, so start a newer one"


def check_format(redis: RedisCommands) -> None:
    """Raise ``QueueRefusedError`` if the bus has a format that cannot be read here."""
    if fault := newer_format(redis.name, redis.call("GET", redis.key_of(NOTE))):
        raise QueueRefusedError(redis.address, fault)
