"""RedisCommands: sends commands to Redis, reads replies, and turns failures into errors of the queue.

It knows no key of its own. ``tcelib.redis`` opens the connections and decides what an error means for them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from tcelib.queue.error import QueueAwayError, QueueError, QueueRefusedError
from tcelib.redis.key_kind import WRONG_KIND, wrong_keys
from tcelib.redis.redis_connection import RedisClient, Role
from tcelib.redis.redis_error import RedisCallError


class RedisCommands:
    """One client, and the name that its keys share.

    ``kinds``: the expected kind of each key, for errors that name none. ``longest_wait`` is how many seconds a
    command may wait in Redis: it must end well before its socket counts as dead.
    """

    def __init__(self, client: RedisClient, name: str) -> None:
        self._client = client = client.at(name)
        self.name = name
        self.address = client.address
        self.longest_wait = 0.6 * client.patience
        self.kinds: dict[str, str] = {}

    def key_of(self, name: str) -> str:
        """Return the whole name of a key; all keys of a queue share a hash tag."""
        return f"{{{self.name}}}:{name}"

    def call(self, *command: object, role: Role = Role.COMMANDS) -> Any:
        """Send a command and return its reply. Raises ``QueueError``."""
        try:
            return self._client.call(*command, role=role)
        except RedisCallError as error:
            raise self._queue_error(error) from error

    def run_script(self, script: str, keys: Sequence[str], *arguments: object) -> Any:
        """Run a script by its digest. Raises ``QueueError``."""
        try:
            return self._client.run_script(script, keys, *arguments)
        except RedisCallError as error:
            raise self._queue_error(error) from error

    def begin_script(self, script: str, keys: Sequence[str], *arguments: object) -> Callable[[], Any]:
        """Send a script, and return a function that waits for its reply, once. That one raises ``QueueError``."""
        return partial(self._reply, self._client.begin_script(script, keys, *arguments))

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
            raise self._queue_error(error) from error

    @contextmanager
    def hold(self, role: Role) -> Iterator[Callable[..., Any]]:
        """Hold one connection for a while: gives a function like ``call``. Raises ``QueueError``."""
        try:
            with self._client.hold(role) as call:
                yield partial(self._call_on, call)
        except RedisCallError as error:
            raise self._queue_error(error) from error

    def close(self) -> None:
        """Close the client's connections."""
        self._client.close()

    def _reply(self, wait: Callable[[], Any]) -> Any:
        try:
            return wait()
        except RedisCallError as error:
            raise self._queue_error(error) from error

    def _call_on(self, call: Callable[..., Any], *command: object) -> Any:
        try:
            return call(*command)
        except RedisCallError as error:
            raise self._queue_error(error) from error

    def _queue_error(self, failure: RedisCallError) -> QueueError:
        """Return the error, with the names of the keys of another kind if it is about one: Redis names none."""
        error = as_queue_error(failure)
        if WRONG_KIND not in error.reason:
            return error
        try:
            wrong = wrong_keys(partial(self.call, "TYPE"), self.kinds)
        except QueueError:
            return error
        if wrong:
            return QueueRefusedError(error.address, f"{error.reason}{wrong}", is_certain=error.is_certain)
        return error


def as_queue_error(error: RedisCallError) -> QueueError:
    """Return an error of Redis as one of the queue."""
    kind = QueueAwayError if error.trouble.is_away else QueueRefusedError
    return kind(error.address, error.reason, is_certain=error.is_certain)


def role_of_wait(timeout: float) -> Role:
    """Return the role of the connection for a command that waits ``timeout`` seconds in Redis; 0 for none."""
    return Role.BLOCKING if timeout > 0 else Role.COMMANDS
