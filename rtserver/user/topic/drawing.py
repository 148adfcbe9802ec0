"""Drawing of updates: messages for the clients, hardly longer than a chunk, each with the key of its push."""

import logging
from collections.abc import Hashable
from typing import TypeAlias

from rtserver.base.bridge.message import Update
from rtserver.user.topic.subscriber import Subscribers
from rtserver.user.topic.update_cut import cut_update

log = logging.getLogger(__name__)

Drawn: TypeAlias = tuple[bytes, Hashable]
"""A message, and the key with which its frame is pushed."""


class Drawing:
    """Drawing for all topics. An update whose message would be longer than ``chunk_bytes`` is cut into several.

    ``failures`` counts drawings that raised.
    """

    def __init__(self, chunk_bytes: int) -> None:
        self._chunk_bytes = chunk_bytes
        self.failures = 0

    def draw(self, subscribers: Subscribers, update: Update, drawn: list[Drawn]) -> None:
        """Append the messages of an update: several if one would be too long, none for nothing to send."""
        if 0 < subscribers.most_rows < len(update.payload):
            for piece in cut_update(update, subscribers.most_rows):
                self._draw_piece(subscribers, piece, drawn)
        else:
            self._draw_piece(subscribers, update, drawn)

    def _draw_piece(self, subscribers: Subscribers, update: Update, drawn: list[Drawn]) -> None:
        try:
            message = subscribers.draw(update)
        except BaseException:  # a drawing may raise anything; it costs this update of this group
            self.failures += 1
            log.exception("! drawing %r failed", subscribers.key)
            return
        if not message:
            return
        rows = len(update.payload)
        if len(message) > self._chunk_bytes and rows > 1:
            # A little less than fits on average: rows are not equally long.
            subscribers.most_rows = max(1, min(rows // 2, rows * self._chunk_bytes * 9 // (len(message) * 10)))
            self.draw(subscribers, update, drawn)
            return
        # Corrected rows alone have no number: nobody would see that they are missing, if a later frame replaced them.
        # A frame without rows must not replace one that has some.
        drawn.append((message, subscribers.key if update.payload else None))
