"""Cutting an update into consecutive ones, so that each makes a frame that fits. Pure."""

from collections.abc import Iterator

from rtserver.base.bridge.message import Update


def cut_update(update: Update, rows: int) -> Iterator[Update]:
    """Consecutive updates of at most ``rows`` rows each that say the same together.

    Rows that the update has left out belong to its first piece; so the numbers have no gap.
    """
    payload = update.payload
    for begin in range(0, len(payload), rows):
        piece = payload[begin : begin + rows]
        behind = len(payload) - begin - len(piece)
        yield Update(update.topic, update.seq - behind, piece, 0 if begin else update.left_out)
