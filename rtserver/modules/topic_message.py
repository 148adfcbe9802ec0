"""Messages of the type ``topic``: snapshots and updates as JSON. Pure.

The ``data`` of an update is what its service published, so it is not read again here. Rows of quotes are written as
lists of their cells. What most of them do not have is left out: corrected rows, fields, older rows.
"""

from rtserver.base.bridge.message import Row, Snapshot, Table, Update
from rtserver.base.wire import json
from rtserver.base.wire.client_message import encode_around
from rtserver.base.wire.payload import Payload
from rtserver.modules.recently_used import RecentlyUsed

TOPIC = "topic"


class SnapshotMessages:
    """Answers to subscriptions. After a restart many clients ask for the same, and one message serves them all.

    ``epoch`` tells the numbers of this start of the server from those of another.
    """

    def __init__(self, epoch: str, kept: int = 64) -> None:
        self.epoch = epoch
        self._kept: RecentlyUsed[tuple[object, Payload]] = RecentlyUsed(kept)

    def of(self, snapshot: Snapshot, topic_id: int | str, request_id: int | str | None) -> Payload:
        """Return the answer to a subscription. ``request_id`` is that of the request."""
        key = (snapshot.topic, snapshot.seq, snapshot.known_as, topic_id, request_id)
        known = self._kept.find(key)
        if known is None or known[0] is not snapshot.payload:
            message = snapshot_message(snapshot, topic_id, snapshot.epoch or self.epoch, request_id)
            known = self._kept.keep(key, (snapshot.payload, Payload(message)))
        return known[1]


def snapshot_message(snapshot: Snapshot, topic_id: int | str, epoch: str, request_id: int | str | None) -> bytes:
    """Return the answer to a subscription: a whole snapshot, or an update without rows for a client that has all."""
    head = {"topic_id": topic_id, "epoch": epoch, "seq": snapshot.seq}
    if snapshot.payload is None:
        prev_seq = snapshot.seq if snapshot.known_as is None else snapshot.known_as
        data = json.encode({"op": "update", **head, "prev_seq": prev_seq, "updates": []})
    else:
        data = json.encode_with({"op": "snapshot", **head}, "data", _state(snapshot.payload))
    return encode_around(TOPIC, data, request_id)


def update_message(topic_id: int | str, epoch: str, update: Update) -> bytes:
    """Return an update. A client without ``prev_seq`` of this ``epoch`` has a gap.

    Before an update that ``needs_picture`` everybody has one.
    """
    head: dict[str, object]
    prev_seq = None if update.needs_picture else update.prev_seq
    head = {"op": "update", "topic_id": topic_id, "epoch": epoch, "seq": update.seq, "prev_seq": prev_seq}
    if update.corrected:
        head["corrected"] = update.corrected
    if update.fields:
        head["fields"] = update.fields
    return encode_around(TOPIC, json.encode_with(head, "updates", b"[%b]" % b",".join(map(_item, update.payload))))


def _state(payload: Table | bytes) -> bytes:
    if isinstance(payload, bytes):
        return payload
    state = {"columns": payload.columns, "rows": payload.rows, "decimals": payload.decimals}
    more = {"older": payload.has_older, "fields": payload.fields}
    return json.encode(state | {name: value for name, value in more.items() if value})


def _item(row: Row) -> bytes:
    data = row[1]
    return data if isinstance(data, bytes) else json.encode(row)
