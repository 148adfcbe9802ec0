"""Names of queues and topics. Pure."""

from tcelib.queue.error import MessageError

LONGEST_NAME = 128


def checked_name(name: object) -> str:
    """Return the name of a queue. Raises ``MessageError`` for one that is no key of a queue."""
    if not isinstance(name, str):
        raise MessageError("the name of a queue", f"not text but {type(name).__name__}")
    if not name or not name.isprintable() or set("{} ") & set(name) or len(name) > LONGEST_NAME:
        raise MessageError(
            "the name of a queue", f"{name!r}: 1 to {LONGEST_NAME} printable characters, no braces, no spaces"
        )
    return name
