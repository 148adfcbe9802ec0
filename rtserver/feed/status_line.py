"""StatusLine: the counts of a run as one line for a terminal. Pure."""

from rtserver.feed.run import FeedStatus


class StatusLine:
    """Tells rates since the line before. ``length`` is the number of ticks if it is known."""

    def __init__(self, length: int | None, now: float) -> None:
        self._length = length
        self._ticks = 0
        self._at = now

    def text(self, status: FeedStatus, now: float) -> str:
        """Return the line. Times are in seconds."""
        rate = (status.ticks - self._ticks) / max(now - self._at, 0.001)
        self._ticks, self._at = status.ticks, now
        done = f"{status.ticks:,}" if self._length is None else f"{status.ticks:,} of {self._length:,}"
        parts = [f"{done} ticks", f"{rate:,.0f}/s", f"{status.messages:,} messages, {status.waiting:,} waiting"]
        if status.repeats:
            parts.append(f"{status.repeats:,} repeats dropped")
        if status.reconnects:
            parts.append(f"{status.reconnects:,} reconnects")
        if status.is_held:
            parts.append("held: the list is too long")
        if status.is_away:
            parts.append("the source is away")
        return "  ".join(parts)
