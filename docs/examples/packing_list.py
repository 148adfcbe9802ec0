"""A service message that one server of several handles: a packing list for every order, as a file for the printer."""

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
        """An error of the disk is not caught here: the message is tried again, and in the end it is a dead letter."""
        if not data.items:
            raise BadData("nothing to pack")
        text = "".join(f"{count} x {name}\n" for name, count in sorted(data.items.items()))
        self.offload(write_list, Path(os.environ.get("PACKING_DIR", "var/packing")), data.order, text)


def write_list(folder: Path, order: int, text: str) -> None:
    """Write a list, whole or not at all. Who does it twice has done it once."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"order-{order}.part"
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(folder / f"order-{order}.txt")
