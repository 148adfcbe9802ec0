"""RedisCommands: sends commands to Redis, reads replies, and turns failures into errors of the queue.

It knows no key of its own. ``tcelib.redis`` opens the connections and decides what an error means for them.
"""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from rtserver.base.queue.port import DeadLetter, Entry, QueueAwayError, QueueError, QueueRefusedError
from tcelib.redis.redis_connection import RedisClient, Role
from tcelib.redis.redis_error import RedisCallError

WRONG_KIND = "WRONGTYPE"  # Redis's word for a key of another kind
_COMMENTS = re.compile(r"^[ ]*--.*\n|^[ ]*\n|^[ ]+", re.MULTILINE)


class RedisCommands:
    """One client, and the name that its keys share.

    ``kinds``: the expected kind of each key, for errors that name none.
    """

    def __init__(self, client: RedisClient, name: str) -> None:
        self._client = client
        self.name = name
        self.address = client.address
        self.kinds: dict[str, str] = {}

    def key_of(self, name: str) -> str:
        """Return the whole name of a key; all keys of a queue share a hash tag."""
        return f"{{{self.name}}}:{name}"

    def call(self, *command: object, role: Role = Role.COMMANDS) -> Any:
        """Send a command and return its reply. Raises ``QueueError``."""
        try:
            return self._client.call(*command, role=role)
        except RedisCallError as error:
            raise self._explained(as_queue_error(error)) from error

    def call_together(
        self,
        commands: Sequence[Sequence[object]],
        *,
        is_atomic: bool = False,
        role: Role = Role.COMMANDS,
        tolerated: str = "",
    ) -> list[Any]:
        """Send several commands in one write and return their replies.

        A refusal that contains ``tolerated`` is returned as a reply instead of being raised. Raises ``QueueError``.
        """
        try:
            return self._client.call_together(commands, is_atomic=is_atomic, role=role, tolerated=tolerated)
        except RedisCallError as error:
            raise self._explained(as_queue_error(error)) from error

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    def _explained(self, error: QueueError) -> QueueError:
        """Return the error, with the names of the keys of another kind if it is about one: Redis names none."""
        if WRONG_KIND not in error.reason:
            return error
        try:
            kinds = [self.call("TYPE", key).decode() for key in self.kinds]
        except QueueError:
            return error
        wrong = [
            f"{key} is a {kind}, not a {wanted}"
            for (key, wanted), kind in zip(self.kinds.items(), kinds, strict=True)
            if kind not in ("none", wanted)
        ]
        return QueueRefusedError(error.address, f"{error.reason}: {', '.join(wrong)}") if wrong else error


def as_queue_error(error: RedisCallError) -> QueueError:
    """Return an error of Redis as one of the queue."""
    kind = QueueAwayError if error.trouble.is_away else QueueRefusedError
    return kind(error.address, error.reason)


def role_of_wait(timeout: float) -> Role:
    """Return the role of the connection for a command that waits ``timeout`` seconds in Redis; 0 for none."""
    return Role.BLOCKING if timeout > 0 else Role.COMMANDS


def load_script(*names: str) -> str:
    """Return the script that these files make together, without comments.

    Redis gets the text with every call and hashes it, so a short text saves time.
    """
    texts = ((files("rtserver.base.queue") / "lua" / name).read_text() for name in names)
    return _COMMENTS.sub("", "".join(texts))


def entries_of(reply: Sequence[tuple[bytes, list[bytes]]]) -> list[Entry]:
    """Return the entries in a reply of XRANGE and its like. Each entry has one field, the message."""
    return [Entry(entry_id.decode(), fields[1]) for entry_id, fields in reply]


def letter_fields(letter: DeadLetter) -> tuple[str | bytes | int, ...]:
    """Return a dead letter as the fields of an entry; ``at`` in milliseconds."""
    texts = ("reason", letter.reason, "detail", letter.detail, "src", letter.src)
    whole = ("bytes", letter.bytes, "sha256", letter.sha256) if letter.bytes else ()
    return (*texts, "raw", letter.raw, "at", int(letter.at * 1000), *whole)
