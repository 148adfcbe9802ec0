"""The calls of one connection that wait for their answer.

Numbers are unique in the process, as gateways of other makes keep one table for all connections (TCE protocol,
section 2.5), but an answer counts only on the connection that its call went out on.
"""

import math
from itertools import chain, repeat
from typing import Any

from tcelib.core.operation import Operation
from tcelib.core.promise import RpcPromise
from tcelib.error import RPCERROR_TIMEOUT, RpcException

LAST_SEQUENCE = 0xFFFFFF00  # then they begin at 1 again
next_sequence = chain.from_iterable(repeat(range(1, LAST_SEQUENCE + 1))).__next__
"""Return the number of the next call or one-way call of this process; any thread may ask."""


class CallTable:
    """Sequence number -> the call that waits. ``deadline`` is when ``expire`` has something to do, or infinity."""

    __slots__ = ("_calls", "deadline")

    def __init__(self) -> None:
        self._calls: dict[int, tuple[Operation[Any], RpcPromise[Any], float, int]] = {}
        self.deadline = math.inf

    def __len__(self) -> int:
        return len(self._calls)

    def add(self, operation: Operation[Any], promise: RpcPromise[Any], deadline: float, heard: int = 0) -> int:
        """Enter a call that fails with TIMEOUT at ``deadline``; its number. ``heard``: how often bytes have come."""
        sequence = next_sequence()
        while sequence in self._calls:
            sequence = next_sequence()
        self._calls[sequence] = operation, promise, deadline, heard
        self.deadline = min(self.deadline, deadline)
        return sequence

    def is_waiting(self, sequence: int) -> bool:
        """Return true if a call with this number waits."""
        return sequence in self._calls

    def take(self, sequence: int) -> tuple[Operation[Any], RpcPromise[Any], float] | None:
        """The call with this number, which waits no more; None if it is unknown, or was answered or given up."""
        call = self._calls.pop(sequence, None)
        return call and call[:3]

    def fail_all(self, exception: RpcException) -> None:
        """End every call, oldest first, each with an exception of its own whose cause is ``exception``."""
        calls, self._calls = self._calls, {}
        self.deadline = math.inf
        for _, promise, _, _ in calls.values():
            promise.set_exception(exception.for_one_more())

    def abandon(self, exception: RpcException) -> None:
        """Forget every call. Later questions get ``exception``; those that wait already are not told."""
        calls, self._calls = self._calls, {}
        self.deadline = math.inf
        for _, promise, _, _ in calls.values():
            promise.abandon(exception.for_one_more())

    @property
    def latest(self) -> float:
        """The last deadline of all, or -infinity."""
        return max((deadline for _, _, deadline, _ in self._calls.values()), default=-math.inf)

    def expire(self, now: float, heard: int = 0) -> bool:
        """End the calls whose time is over, and find the next deadline.

        True if nothing has come since one of them was entered: ``heard`` is still the same.
        """
        late = [sequence for sequence, (_, _, deadline, _) in self._calls.items() if deadline <= now]
        is_silent = False
        for sequence in late:
            call = self._calls.pop(sequence, None)  # a callback may have ended others
            if call is not None:
                operation, promise, _, heard_then = call
                is_silent = is_silent or heard_then == heard
                promise.set_exception(RpcException(RPCERROR_TIMEOUT, f"no answer from {operation.full_name}"))
        self.deadline = min((deadline for _, _, deadline, _ in self._calls.values()), default=math.inf)
        return is_silent
