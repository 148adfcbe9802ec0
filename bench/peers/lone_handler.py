"""LoneHandler: the product's handler of lone messages, which notes how old each is when it has read it.

Its twin in C is ``floor/ages.c``.
"""

import os
import time
from pathlib import Path

import msgspec

from rtserver.bench.client.mark import MARK
from rtserver.service.msg_handler import ServiceContext, ServiceMsgHandler


class Lone(msgspec.Struct):
    """A stamp with its mark, and the file to which the ages so far go if the message asks for them."""

    stamp: str
    report: str = ""


class LoneHandler(ServiceMsgHandler):
    """Notes ages in nanoseconds. A message that asks for them has none."""

    msg_type = "lone"
    data_type = Lone

    def __init__(self, services: ServiceContext) -> None:
        super().__init__(services)
        self._ages: list[int] = []

    def __call__(self, src: str, data: Lone) -> None:
        """See ``ServiceMsgHandler``."""
        now = time.monotonic_ns()
        if not data.report:
            self._ages.append(now - int(data.stamp[len(MARK) - 1 :]))
            return
        draft = Path(f"{data.report}.draft")
        draft.write_text("".join(f"{age}\n" for age in self._ages))
        os.replace(draft, data.report)
        self._ages.clear()
