"""Messages of the type ``topic``: snapshots and updates as JSON. Pure.

The ``data`` of an update is what its service published, so it is not read again here. Rows of quotes are written as
lists of their cells.
"""

from rtserver.base.bridge.message import Row, Snapshot, Table, Update
from rtserver.base.wire import json
from rtserver.base.wire.client_message import encode_around

TOPIC = "topic"


def snapshot_message(snapshot: Snapshot, topic_id: int | str, epoch: str, request_id: int | str | None) -> bytes:
    """Return the answer to a subscription: a whole snapshot, or an update without rows for a client that has all."""
    head = {"topic_id": topic_id, "epoch": epoch, "seq": snapshot.seq}
    if snapshot.payload is None:
        data = json.encode({"op": "update", **head, "prev_seq": snapshot.seq, "updates": []})
    else:
        data = json.encode_with({"op": "snapshot", **head}, "data", _state(snapshot.payload))
    return encode_around(TOPIC, data, request_id)


def update_message(topic_id: int | str, epoch: str, update: Update) -> bytes:
    """Return an update. A client without ``prev_seq`` of this ``epoch`` has a gap."""
    head = {"op": "update", "topic_id": topic_id, "epoch": epoch, "seq": update.seq, "prev_seq": update.prev_seq}
    return encode_around(TOPIC, json.encode_with(head, "updates", b"[%b]" % b",".join(map(_item, update.payload))))


def _state(payload: Table | bytes) -> bytes:
    if isinstance(payload, bytes):
        return payload
    return json.encode({"columns": payload.columns, "rows": payload.rows, "decimals": payload.decimals})


def _item(row: Row) -> bytes:
    data = row[1]
    return data if isinstance(data, bytes) else json.encode(row)
