"""``packing_list``: a service message that one of several servers handles. It makes a file for the printer."""

import os
from pathlib import Path

import msgspec

from rtserver.service.message import BadData
from rtserver.service.msg_handler import ServiceMsgHandler


class OrderData(msgspec.Struct, frozen=True):
    """``{"order": int, "items": {name: count}}``."""

    order: int
    items: dict[str, int]


class PackingListMsgHandler(ServiceMsgHandler):
    """Writes ``order-<number>.txt`` into the folder that PACKING_DIR names."""

    msg_type = "packing_list"
    data_type = OrderData
    delivery = "once"

    def __call__(self, src: str, data: OrderData) -> None:
        """Write the list. An error of the disk is not caught, so that the message is tried again."""
        if not data.items:
            raise BadData("nothing to pack")
        text = "".join(f"{count} x {name}\n" for name, count in sorted(data.items.items()))
        self.offload(write_list, Path(os.environ.get("PACKING_DIR", "var/packing")), data.order, text)


def write_list(folder: Path, order: int, text: str) -> None:
    """Write a list, whole or not at all. A second call has no further effect."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"order-{order}.part"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(folder / f"order-{order}.txt")
