"""Values that were used last, by key. Pure."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import TypeVar

Value = TypeVar("Value")


class RecentlyUsed(OrderedDict[Hashable, Value]):
    """The last ``length`` values that were kept or found, the oldest first."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self._length = length

    def find(self, key: Hashable) -> Value | None:
        """Return the value of ``key``, None if it is not there."""
        value = self.get(key)
        if value is not None:
            self.move_to_end(key)
        return value

    def keep(self, key: Hashable, value: Value) -> Value:
        """Keep a value, in place of the oldest one if there are too many. Return it."""
        self[key] = value
        if len(self) > self._length:
            self.popitem(last=False)
        return value
