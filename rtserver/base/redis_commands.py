"""How a queue talks to Redis: commands go out, replies come in, and what goes wrong becomes an error of the queue.

Decides which of redis-py's errors mean that nobody is there, and which are an answer. Knows no key.
"""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import redis

from rtserver.base.queue_port import DeadLetter, Entry, QueueAwayError, QueueError, QueueRefusedError

WRONG_KIND = "WRONGTYPE"  # Redis's word for a key of another kind
_COMMENTS = re.compile(r"^[ ]*--.*\n|^[ ]*\n|^[ ]+", re.MULTILINE)


class RedisCommands:
    """One client, and the name that its keys share. Each call takes a connection of its own from its pool."""

    def __init__(self, client: redis.Redis, name: str) -> None:
        self._client = client
        self.name = name
        self.address = _address_of(client)
        self._kinds: dict[str, str] = {}  # what the keys of all are, for errors that do not name one
        # redis-py would make a dict of every entry; at this rate that is the reader's largest cost.
        for command in ("XREAD", "XREADGROUP", "XRANGE", "XREVRANGE", "XPENDING"):
            client.set_response_callback(command, _as_it_came)

    def _key_of(self, name: str) -> str:
        return f"{{{self.name}}}:{name}"

    def _call(self, *command: Any) -> Any:
        try:
            return self._client.execute_command(*command)  # type: ignore[no-untyped-call]
        except (redis.RedisError, OSError) as error:
            raise self._explained(self._as_ours(error)) from error

    def _call_together(self, commands: Sequence[Sequence[Any]], *, is_atomic: bool = False) -> list[Any]:
        """Several commands in one write; their replies."""
        try:
            with self._client.pipeline(transaction=is_atomic) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)  # type: ignore[no-untyped-call]
                replies: list[Any] = pipeline.execute()
                return replies
        except (redis.RedisError, OSError) as error:
            raise self._explained(self._as_ours(error)) from error

    def _explained(self, error: QueueError) -> QueueError:
        """The error, with the names of the keys that are of another kind, if it is about one: Redis names none."""
        if WRONG_KIND not in error.reason:
            return error
        try:
            kinds = [self._call("TYPE", key).decode() for key in self._kinds]
        except QueueError:
            return error
        wrong = [
            f"{key} is a {kind}, not a {wanted}"
            for (key, wanted), kind in zip(self._kinds.items(), kinds, strict=True)
            if kind not in ("none", wanted)
        ]
        return QueueRefusedError(error.address, f"{error.reason}: {', '.join(wrong)}") if wrong else error

    def _as_ours(self, error: Exception) -> QueueError:
        # A pipeline's error quotes its command first, and with it our whole script.
        reason = str(error).rpartition(" of pipeline caused error: ")[2] or type(error).__name__
        if isinstance(error, redis.ConnectionError | redis.TimeoutError | OSError):
            return QueueAwayError(self.address, reason)
        return QueueRefusedError(self.address, reason)


def load_script(*names: str) -> str:
    """The script that these files make, one behind the other, without its comments.

    Redis gets the text with every call and hashes it to find out that it knows it.
    """
    texts = ((files("rtserver.base") / "lua" / name).read_text() for name in names)
    return _COMMENTS.sub("", "".join(texts))


def entries_of(reply: Sequence[tuple[bytes, list[bytes]]]) -> list[Entry]:
    """The entries in what XRANGE and its like reply. Each has one field, the message."""
    return [Entry(entry_id.decode(), fields[1]) for entry_id, fields in reply]


def letter_fields(letter: DeadLetter) -> tuple[str | bytes | int, ...]:
    """A dead letter as the fields of an entry; ``at`` in milliseconds."""
    texts = ("reason", letter.reason, "detail", letter.detail, "src", letter.src)
    whole = ("bytes", letter.bytes, "sha256", letter.sha256) if letter.bytes else ()
    return (*texts, "raw", letter.raw, "at", int(letter.at * 1000), *whole)


def _as_it_came(reply: Any, **_options: Any) -> Any:
    return reply


def _address_of(client: redis.Redis) -> str:
    """Where the client connects to, without its password."""
    options = client.connection_pool.connection_kwargs
    if "path" in options:
        return f"unix://{options['path']}"
    is_tls = issubclass(client.connection_pool.connection_class, redis.SSLConnection)
    host, port = options.get("host", "localhost"), options.get("port", 6379)
    return f"{'rediss' if is_tls else 'redis'}://{host}:{port}/{options.get('db') or 0}"
