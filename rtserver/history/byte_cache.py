"""ByteCache: the values that were used last, within a number of bytes. Pure."""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class ByteCache(Generic[T]):
    """Least recently used values go first. ``most`` may be lowered at any time; ``bytes`` is what is held now."""

    def __init__(self, most: int) -> None:
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self.most = most
        self.bytes = 0

    def get(self, name: Hashable) -> T | None:
        """Return a value, None if it is not here."""
        found = self._values.get(name)
        if found is None:
            return None
        self._values.move_to_end(name)
        return found[0]

    def put(self, name: Hashable, value: T, size: int) -> None:
        """Keep a value of ``size`` bytes; one that is larger than all may be is not kept."""
        self.remove(name)
        if size <= self.most:
            self._values[name] = (value, size)
            self.bytes += size
        self.trim()

    def remove(self, name: Hashable) -> None:
        """Forget a value, if it is here."""
        _, size = self._values.pop(name, (None, 0))
        self.bytes -= size

    def trim(self) -> None:
        """Forget values until the rest fits."""
        while self.bytes > self.most:
            _, (_, size) = self._values.popitem(last=False)
            self.bytes -= size
