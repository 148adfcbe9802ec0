"""The format of log lines, for people and for machines."""

import io
import json
import logging
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import pytest

from rtserver.bootstrap.process.log import JsonFormatter, TextFormatter, is_worth_a_line, set_up_log, short_name

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def record(
    message: str,
    *arguments: str,
    name: str = "rtserver.base.queue.redis_queue",
    level: int = logging.INFO,
    exc_info: ExcInfo | None = None,
) -> logging.LogRecord:
    made = logging.LogRecord(name, level, __file__, 1, message, arguments, exc_info)
    made.created = 1_362_150_000.5
    return made


def caught(error: Exception) -> ExcInfo:
    try:
        raise error
    except type(error):
        return sys.exc_info()


def test_a_line_has_time_level_short_name_and_message() -> None:
    line = TextFormatter(has_colours=False).format(record("= connected to %s", "x"))
    assert line == "2013-03-01T15:00:00.500Z INFO    redis_queue: = connected to x"


def test_a_worker_of_several_says_in_each_line_which_it_is() -> None:
    line = TextFormatter(has_colours=False, worker="1/4").format(record("= ready"))
    assert line == "2013-03-01T15:00:00.500Z INFO    1/4 redis_queue: = ready"
    assert json.loads(JsonFormatter("1/4").format(record("= ready")))["worker"] == "1/4"
    assert "worker" not in json.loads(JsonFormatter().format(record("= ready")))


@pytest.mark.parametrize("formatter", [TextFormatter(has_colours=False), JsonFormatter()])
def test_the_time_is_utc_whatever_the_time_zone_of_the_process(
    formatter: TextFormatter | JsonFormatter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert "2013-03-01T15:00:00.500Z" in formatter.format(record("x"))
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.usefixtures("kept_logging")
def test_a_console_that_a_site_has_for_one_logger_gives_way_and_its_file_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logger = logging.getLogger("shop.with.console")
    file = logging.FileHandler(tmp_path / "shop.log")
    logger.handlers, logger.propagate = [logging.StreamHandler(), file], False
    stream = io.StringIO()
    set_up_log(stream, level="info", form="text", environ={})
    logger.warning("sold out")
    file.close()
    logger.handlers = []
    assert stream.getvalue().endswith("Z WARNING shop.with.console: sold out\n")
    assert (tmp_path / "shop.log").read_text() == "sold out\n"
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("kept_logging")
def test_what_a_site_says_below_our_level_is_for_its_own_handlers_alone(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("shop.sql")
    console = logging.StreamHandler(sys.stderr)
    console.setLevel("WARNING")
    logger.addHandler(console)
    logger.setLevel("DEBUG")
    stream = io.StringIO()
    set_up_log(stream, level="info", form="text", environ={})
    logger.debug("SELECT secret")
    logger.info("hello")
    assert stream.getvalue().endswith("INFO    shop.sql: hello\n")
    assert "secret" not in stream.getvalue() + capsys.readouterr().err


def test_a_traceback_follows_on_its_own_lines() -> None:
    text = TextFormatter(has_colours=False).format(record("! lost", exc_info=caught(KeyError("k"))))
    assert text.splitlines()[1] == "  Traceback (most recent call last):"
    assert text.endswith("\n  KeyError: 'k'")


def test_a_traceback_quotes_what_came_over_the_wire_as_harmlessly() -> None:
    error = ValueError("bad\n12:00:00.000 INFO    app: = fine\x1b[2J\u202e")
    text = TextFormatter(has_colours=False).format(record("! lost", exc_info=caught(error)))
    assert text.endswith("\n  ValueError: bad\n  12:00:00.000 INFO    app: = fine\\x1b[2J\\u202e")


def test_what_came_over_the_wire_can_neither_forge_a_line_nor_steer_the_terminal() -> None:
    src = "a\n12:00:00 ERROR x: y\x1b[2J\x9b\r\u2028\u202e"
    line = TextFormatter(has_colours=False).format(record("src %s", src))
    assert line.endswith("src a\\n12:00:00 ERROR x: y\\x1b[2J\\x9b\\r\\u2028\\u202e")


def test_each_json_line_is_one_object_with_the_exception_inside() -> None:
    text = JsonFormatter().format(record('say "hé"\n', level=logging.ERROR, exc_info=caught(ValueError("v"))))
    assert "\n" not in text
    said = json.loads(text)
    assert said.pop("exception").endswith("ValueError: v")
    assert said == {
        "time": "2013-03-01T15:00:00.500Z",
        "level": "error",
        "logger": "rtserver.base.queue.redis_queue",
        "thread": "MainThread",
        "message": 'say "hé"\n',
    }


def test_other_packages_keep_their_whole_name() -> None:
    assert short_name("rtserver.user.user_manager") == "user_manager"
    assert short_name("django.request") == "django.request"


@pytest.mark.parametrize(
    ("message", "level", "is_logged"),
    [
        ("200 GET /static/css/shell.css (127.0.0.1) 1.00ms", logging.INFO, False),
        ("200 GET /healthz (127.0.0.1) 1.00ms", logging.INFO, False),
        ("404 GET /static/none (127.0.0.1) 1.00ms", logging.WARNING, True),
        ("200 GET / (127.0.0.1) 1.00ms", logging.INFO, True),
    ],
)
def test_files_and_probes_are_logged_only_when_they_fail(message: str, level: int, is_logged: bool) -> None:
    assert is_worth_a_line(record(message, name="tornado.access", level=level)) == is_logged


@pytest.mark.usefixtures("kept_logging")
@pytest.mark.parametrize("logger", ["tornado.access", "django.security.DisallowedHost"])
def test_a_strangers_request_is_a_line_of_bearable_length_without_a_traceback(logger: str) -> None:
    stream = io.StringIO()
    set_up_log(stream, level="info", form="text", environ={})
    logging.getLogger(logger).error("Invalid HTTP_HOST header: %r", "x" * 60_000, exc_info=caught(KeyError("k")))
    [line] = stream.getvalue().splitlines()
    assert 300 < len(line) < 400
    logging.getLogger("django.request").error("Internal Server Error: %s", "/", exc_info=caught(KeyError("k")))
    assert stream.getvalue().endswith("KeyError: 'k'\n")


@pytest.mark.usefixtures("kept_logging")
def test_the_level_and_the_stream_hold_for_all_loggers_and_a_second_set_up_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    set_up_log(first, level="debug", form="text", environ={})
    set_up_log(second, level="warning", form="json", environ={})
    logging.getLogger("anybody").info("quiet")
    logging.getLogger("anybody").warning("loud")
    assert first.getvalue() == ""
    assert [json.loads(line)["message"] for line in second.getvalue().splitlines()] == ["loud"]


@pytest.mark.usefixtures("kept_logging")
@pytest.mark.parametrize(
    ("stream", "environ", "has_colours"),
    [(Terminal(), {}, True), (Terminal(), {"NO_COLOR": "1"}, False), (io.StringIO(), {}, False)],
)
def test_colours_are_for_terminals_whose_owner_does_not_mind(
    stream: Terminal | io.StringIO, environ: dict[str, str], has_colours: bool
) -> None:
    set_up_log(stream, level="info", form="text", environ=environ)
    logging.getLogger("anybody").warning("loud")
    assert ("\x1b[" in stream.getvalue()) == has_colours
