"""Records with somebody else's stack."""

import io
import logging
import sys
import threading
from types import FrameType

import pytest

from rtserver.bootstrap.process.log import TextFormatter
from rtserver.watch.stack_log import log_stack

log = logging.getLogger("rtserver.test_stack_log")


def sit_here(is_there: threading.Event, may_go: threading.Event) -> None:
    is_there.set()
    may_go.wait(20)


def frame_of_another_thread() -> tuple[FrameType, threading.Event]:
    is_there, may_go = threading.Event(), threading.Event()
    thread = threading.Thread(target=sit_here, args=(is_there, may_go))
    thread.start()
    assert is_there.wait(20)
    return sys._current_frames()[thread.ident or 0], may_go


def test_the_stack_is_the_others(caplog: pytest.LogCaptureFixture) -> None:
    frame, may_go = frame_of_another_thread()
    log_stack(log, logging.WARNING, "! it is here:", frame)
    may_go.set()
    (record,) = caplog.records
    assert record.getMessage() == "! it is here:"
    assert "in sit_here" in (record.stack_info or "")
    assert "test_the_stack_is_the_others" not in (record.stack_info or "")


def test_it_is_formatted_as_a_traceback_is() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextFormatter(has_colours=False))
    log.addHandler(handler)
    try:
        frame, may_go = frame_of_another_thread()
        log_stack(log, logging.WARNING, "! 100 %s of it:", frame)
        may_go.set()
    finally:
        log.removeHandler(handler)
    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("WARNING test_stack_log: ! 100 %s of it:")
    assert any("in sit_here" in line for line in rest)


def test_nothing_is_made_of_what_nobody_logs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, log.name):
        log_stack(log, logging.WARNING, "!", sys._getframe())
    assert not caplog.records


def test_who_has_no_stack_is_named_without_one(caplog: pytest.LogCaptureFixture) -> None:
    log_stack(log, logging.WARNING, "! gone", None)
    assert caplog.records[0].stack_info is None
