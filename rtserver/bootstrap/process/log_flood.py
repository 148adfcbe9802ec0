"""LogFlood: bounds the log lines a second from each place in the code, and counts the rest.

It applies to every line of the process, so that no place can be forgotten: a refused handshake, a missing page, a
look-up that fails for each client that comes back.
"""

import logging

from tcelib.limit.token_bucket import Rate, TokenBucket, rate_of


class LogFlood(logging.Filter):
    """Filter of a log handler. ``dropped`` counts the lines that were not written; the next line of their place
    tells.
    """

    def __init__(self, lines_per_second: float) -> None:
        super().__init__()
        self.dropped = 0
        self._rate: Rate = rate_of(lines_per_second)
        self._places: dict[tuple[str, int, int], LogSource] = {}  # as many as the code has

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True if the line is written."""
        key = (record.pathname, record.lineno, record.levelno)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = LogSource(self._rate)
        if not place.bucket.take(record.created):
            place.untold += 1
            self.dropped += 1
            return False
        if place.untold:
            record.msg = f"{record.getMessage()} (and {place.untold} more like it since the last line)"
            record.args = ()
            place.untold = 0
        return True


class LogSource:
    """A line of code that logs."""

    __slots__ = ("bucket", "untold")

    def __init__(self, rate: Rate) -> None:
        self.bucket = TokenBucket(rate)
        self.untold = 0


def dropped_lines() -> int:
    """Return the number of lines of this process that were not written, since its log was set up."""
    filters = (each for handler in logging.getLogger().handlers for each in handler.filters)
    return sum(each.dropped for each in filters if isinstance(each, LogFlood))
