"""UserConnection: a connection to a user, wherever he is connected: each call goes to the gateway where he is now."""

import time
from collections.abc import Sequence
from typing import Any, NoReturn, TypeVar

from tcelib.core.operation import Operation
from tcelib.core.promise import RpcPromise
from tcelib.core.queue_connection import RpcQueueConnection
from tcelib.error import RPCERROR_SENDFAILED, RpcException
from tcelib.runtime.user_pushes import UserPushes
from tcelib.transport.hub.shell import HubShell
from tcelib.transport.option import Options
from tcelib.wire.message import LINGER_TIME, USER_ID, Extra

R = TypeVar("R")


class UserConnection(RpcQueueConnection):
    """See ``RpcQueueConnection``. It carries one-way calls, waits up to ``linger`` seconds for the user to come, and
    lets what is under way wait for him so long."""

    def __init__(self, user_id: str, pushes: UserPushes, options: Options, linger: float) -> None:
        link = _UserLink(pushes, options, user_id, linger)
        super().__init__(f"user {user_id}", link, max_packet_bytes=options.max_packet_bytes)
        link.connection = self
        self.calls.standing_extra = {USER_ID: user_id}
        self._linger = linger
        self.opened()

    def send(self, operation: Operation[Any], args: tuple[Any, ...], extra: Extra | None = None) -> None:
        """See ``RpcConnection``. Raises CONNECT_UNREACHABLE, too: the user is at no gateway."""
        if self._linger > 0:
            extra = {LINGER_TIME: f"{time.time() + self._linger:.3f}", **(extra or {})}
        super().send(operation, args, extra)

    def call(
        self,
        operation: Operation[R],
        args: tuple[Any, ...],
        timeout: float | None = None,
        extra: Extra | None = None,
        *,
        at_once: bool = False,
    ) -> RpcPromise[R]:
        """Raise ``RpcException`` (SENDFAILED): no answer would find its way back."""
        raise RpcException(RPCERROR_SENDFAILED, f"{operation.full_name}: a user is called one-way, without an answer")


class _UserLink(HubShell):
    """See ``QueueTransport``. It owns no socket: ``pushes`` does."""

    def __init__(self, pushes: UserPushes, options: Options, user_id: str, linger: float) -> None:
        super().__init__(pushes.home, options)
        self.may_compress = False
        self._pushes = pushes
        self._user_id = user_id
        self._linger = linger

    def write(self, packets: Sequence[bytes], /) -> None:
        """See ``QueueTransport``."""
        self._pushes.push(self._user_id, packets, self._linger)

    def write_to(self, queue: str, body: bytes, /) -> NoReturn:
        """See ``QueueTransport``: nothing comes here that could be answered."""
        raise RpcException(RPCERROR_SENDFAILED, f"there is no way from a user to the queue {queue!r}")

    def drain(self, asker: object, /) -> None:
        """See ``QueueTransport``: nothing is read."""

    def close(self) -> None:
        """See ``Transport``: there is nothing to close."""
