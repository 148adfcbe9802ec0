"""Log record with the stack of another thread, or of a greenlet that does not run at the moment."""

import logging
import traceback
from types import FrameType


def log_stack(log: logging.Logger, level: int, text: str, frame: FrameType | None) -> None:
    """Log ``text``, followed by the stack that ends in ``frame``, if there is one."""
    if not log.isEnabledFor(level):
        return
    stack = "".join(traceback.format_stack(frame)).rstrip() if frame is not None else None
    record = log.makeRecord(log.name, level, __file__, 0, "%s", (text,), None, sinfo=stack)
    log.handle(record)
