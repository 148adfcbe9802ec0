"""The number of lines that a flood leaves in the log, with records whose time the test sets."""

import io
import logging
from typing import Any

import pytest

from rtserver.bootstrap.process.log import set_up_log
from rtserver.bootstrap.process.log_flood import LogFlood, dropped_lines


def record(moment: float, line: int = 1, message: str = "! %s: no", level: int = logging.INFO) -> logging.LogRecord:
    made = logging.LogRecord(
        "rtserver.base.listener.http_listener", level, __file__, line, message, ("192.0.2.1",), None
    )
    made.created = moment
    return made


def test_ten_seconds_worth_are_written_and_the_rest_is_counted() -> None:
    flood = LogFlood(2)
    assert sum(flood.filter(record(1000.0)) for _ in range(500)) == 20
    assert flood.dropped == 480


def test_the_next_line_tells_how_many_were_not_written() -> None:
    flood = LogFlood(1)
    for _ in range(25):
        flood.filter(record(1000.0))
    late, later = record(1001.0), record(1002.0)
    assert flood.filter(late)
    assert late.getMessage() == "! 192.0.2.1: no (and 15 more like it since the last line)"
    assert flood.filter(later)
    assert later.getMessage() == "! 192.0.2.1: no"


@pytest.mark.parametrize("other", [{"line": 2}, {"level": logging.ERROR}])
def test_other_lines_are_written_meanwhile(other: dict[str, Any]) -> None:
    flood = LogFlood(1)
    for _ in range(100):
        flood.filter(record(1000.0))
    assert flood.filter(record(1000.0, **other))


def test_a_message_with_percent_signs_from_outside_survives_the_note() -> None:
    flood = LogFlood(0.1)
    for _ in range(3):
        made = logging.LogRecord("x", logging.INFO, __file__, 1, "! %s", ("100%s",), None)
        made.created = 1000.0
        flood.filter(made)
    made.created = 1010.0
    assert flood.filter(made)
    assert made.getMessage() == "! 100%s (and 2 more like it since the last line)"


def test_without_a_rate_everything_is_written() -> None:
    flood = LogFlood(0)
    assert all(flood.filter(record(1000.0)) for _ in range(10_000))


def test_the_log_of_a_process_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    monkeypatch.setattr(logging.getLogger("tornado.access"), "filters", [])
    monkeypatch.setattr(logging.getLogger("asyncio"), "level", 0)
    stream = io.StringIO()
    set_up_log(stream, level="info", form="text", environ={}, lines_per_second=1)
    logging.captureWarnings(False)
    for number in range(1_000):
        logging.getLogger("rtserver.any").info("line %d", number)
    written = len(stream.getvalue().splitlines())
    assert 10 <= written < 100
    assert dropped_lines() == 1_000 - written
