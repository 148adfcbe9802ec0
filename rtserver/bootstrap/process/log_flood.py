"""Log lines that anybody can cause: so many a second from each place in the code, and then their number.

Decides for every line of the process alike, so that no place can be forgotten: a refused handshake, a page that is
not there, a look-up that fails for each client who comes back.
"""

import logging

from rtserver.base.limit.token_bucket import Rate, TokenBucket, rate_of


class LogFlood(logging.Filter):
    """For a handler. ``dropped`` counts the lines that were not written; the next one of their place says so."""

    def __init__(self, lines_per_second: float) -> None:
        super().__init__()
        self.dropped = 0
        self._rate: Rate = rate_of(lines_per_second)
        self._places: dict[tuple[str, int, int], LogSource] = {}  # as many as the code has

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written."""
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
    """How many lines of this process have not been written, since its log was set up."""
    filters = (each for handler in logging.getLogger().handlers for each in handler.filters)
    return sum(each.dropped for each in filters if isinstance(each, LogFlood))
