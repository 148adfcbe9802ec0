"""Many durations in little memory: a histogram whose buckets grow with the value.

Every bucket is at most 1/128 of its values wide, so that a percentile is right to better than 1 % from nanoseconds to
hours, and a run of any length needs a few thousand buckets at most. Nothing is sampled: the slowest value is kept.
"""

from collections.abc import Iterable

_STEP_BITS = 7
_MANTISSA_BITS = _STEP_BITS + 1
_LIMITS = (10, 15, 20, 30, 50, 70)


class Histogram:
    """Counts of whole numbers from 0 up, here nanoseconds."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self.total = 0
        self.greatest = 0

    def add(self, value: int) -> None:
        """Count one value. Raises ``ValueError`` for a negative one."""
        if value < 0:
            raise ValueError(f"a duration of {value} is negative")
        shift = value.bit_length() - _MANTISSA_BITS
        index = value if shift <= 0 else (shift << _STEP_BITS) + (value >> shift)
        counts = self._counts
        counts[index] = counts.get(index, 0) + 1
        self.total += 1
        self.greatest = max(self.greatest, value)

    def percentile(self, share: float) -> int | None:
        """The value that ``share`` (0 to 1) of all do not exceed, at most 1/128 too high; None without any value."""
        if not self.total:
            return None
        wanted = share * self.total
        seen = 0
        for index, count in sorted(self._counts.items()):
            seen += count
            if seen >= wanted:
                return min(_bounds(index)[1] - 1, self.greatest)
        return self.greatest

    def bars(self) -> list[tuple[int, int, int]]:
        """Number of the values from one limit up to, but not with, the next: 0, 10, 15, 20, 30, 50, 70, 100, 150, ...

        From the least value to the greatest, with gaps. A bucket that a limit cuts counts whole where it begins.
        """
        found: list[tuple[int, int, int]] = []
        remaining = sorted(self._counts.items())
        for low, high in _decades():
            if not remaining:
                break
            inside = [count for index, count in remaining if _bounds(index)[0] < high]
            remaining = remaining[len(inside) :]
            if inside or found:
                found.append((low, high, sum(inside)))
        return found


def _bounds(index: int) -> tuple[int, int]:
    """The least value of a bucket, and the least of the next one."""
    shift = max(0, (index >> _STEP_BITS) - 1)
    mantissa = index - (shift << _STEP_BITS)
    return mantissa << shift, (mantissa + 1) << shift


def _decades() -> Iterable[tuple[int, int]]:
    low, unit = 0, 1
    while True:
        for factor in _LIMITS:
            yield low, factor * unit
            low = factor * unit
        unit *= 10
