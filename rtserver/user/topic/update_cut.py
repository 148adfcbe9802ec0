"""Split of an update into consecutive ones whose frames fit. Pure."""

from collections.abc import Iterator

from rtserver.base.bridge.message import Update


def cut_update(update: Update, rows: int) -> Iterator[Update]:
    """Yield consecutive updates of at most ``rows`` rows each, which equal ``update`` together.

    Rows that the update has left out belong to its first piece, so that the numbers have no gap; so do its corrected
    rows, which come first, its fields, and that it ``needs_picture``.
    """
    payload = update.payload
    for begin in range(0, len(payload), rows):
        piece = payload[begin : begin + rows]
        behind = len(payload) - begin - len(piece)
        seq = update.seq - behind
        if begin:
            yield Update(update.topic, seq, piece)
        else:
            more = (update.left_out, update.corrected, update.fields, update.needs_picture)
            yield Update(update.topic, seq, piece, *more)
