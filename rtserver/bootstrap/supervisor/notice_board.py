"""NoticeBoard: what workers tell of the whole fleet is logged once, and not by each of them."""

import logging
from collections.abc import Iterable

log = logging.getLogger(__name__)


class NoticeBoard:
    """The notices that have been logged. One that begins with "!" is a warning."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def tell(self, notices: Iterable[str]) -> None:
        """Log the notices that are new."""
        for notice in notices:
            if notice not in self._said:
                self._said.add(notice)
                log.log(logging.WARNING if notice.startswith("!") else logging.INFO, "%s", notice)
