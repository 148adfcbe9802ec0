"""Format of the log: lines for people, or one JSON object per line for machines.

It decides format, colours and which records are too dull to be logged. The glyphs that open many messages are one
column: ``<`` in, ``>`` out, ``=`` state, ``!`` trouble.
"""

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, TextIO

from rtserver.base.wire.printable import printable
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.process.log_flood import LogFlood

ACCESS_LOGGER = "tornado.access"
STRANGERS_LOGGERS = (ACCESS_LOGGER, "django.security.")
LONGEST_OF_STRANGERS = 300
MONITORED_PATHS = ("/healthz", "/readyz", "/metrics")
DULL_PATHS = ("/static/", "/favicon.ico")
COLOURS = {
    logging.DEBUG: "\x1b[2m",
    logging.WARNING: "\x1b[33m",
    logging.ERROR: "\x1b[31m",
    logging.CRITICAL: "\x1b[31m",
}
RESET = "\x1b[0m"
INDENT = "  "


def log_as_configured(config: Config, worker: str = "") -> None:
    """Make all loggers of the process write to stderr as the configuration says. May be called again.

    ``worker`` is as in ``set_up_log``.
    """
    set_up_log(
        sys.stderr,
        level=config.log_level,
        form=config.log_format,
        environ=os.environ,
        lines_per_second=0 if config.limits == "off" else config.log_lines,
        worker=worker,
    )


def set_up_log(
    stream: TextIO,
    *,
    level: str,
    form: Literal["text", "json"],
    environ: Mapping[str, str],
    lines_per_second: float = 0,
    worker: str = "",
) -> None:
    """Make all loggers of the process write to ``stream``, from ``level`` ("info") on. May be called again.

    ``lines_per_second`` bounds the lines of one place in the code; 0 is no bound. Colours appear only if ``stream``
    is a terminal and ``NO_COLOR`` is not set. Each line names the ``worker``, such as "1/4"; empty if it has no
    supervisor.
    """
    has_colours = stream.isatty() and not environ.get("NO_COLOR")
    formatter = JsonFormatter(worker) if form == "json" else TextFormatter(has_colours, worker)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    handler.setLevel(level.upper())  # a site's logger may have a lower one, for a file of its own
    handler.addFilter(LogFlood(lines_per_second))
    handler.addFilter(in_short)
    logging.captureWarnings(True)
    _take_consoles()
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.getLogger(ACCESS_LOGGER).filters = [is_worth_a_line]
    # At debug level asyncio logs each poll, which helps nobody who debugs a server.
    logging.getLogger("asyncio").setLevel(logging.INFO)


def _take_consoles() -> None:
    """Remove the handlers with which a site's LOGGING writes to the terminal by itself, in a form of its own.

    Their records come to the root's handler instead. Handlers that lead elsewhere (a file, mail) stay.
    """
    consoles = (sys.stderr, sys.stdout, sys.__stderr__, sys.__stdout__)
    for logger in list(logging.root.manager.loggerDict.values()):
        if not isinstance(logger, logging.Logger):
            continue  # a placeholder in the tree of loggers
        for handler in list(logger.handlers):
            if getattr(handler, "stream", None) in consoles:
                logger.removeHandler(handler)
                logger.propagate = True


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """Return False for access records of a page's files and of monitors.

    A monitor that is told "not ready" asks again every second, and the fault itself is logged where it occurs.
    """
    message = record.getMessage()
    if any(f" {path}" in message for path in MONITORED_PATHS):
        return False
    return record.levelno > logging.INFO or not any(f" {path}" in message for path in DULL_PATHS)


def in_short(record: logging.LogRecord) -> bool:
    """Cut records about a stranger's request to a bearable length, as every stranger can cause them.

    Django logs a request that it refuses (a Host of another name, say) with the traceback of the refusal.
    """
    if record.name.startswith(STRANGERS_LOGGERS):
        message = record.getMessage()
        if len(message) > LONGEST_OF_STRANGERS:
            message = f"{message[:LONGEST_OF_STRANGERS]}…"
        record.msg, record.args, record.exc_info = message, None, None
    return True


def short_name(logger: str) -> str:
    """Return the last part of our loggers' names: "rtserver.base.queue.redis_queue" becomes "redis_queue"."""
    return logger.rpartition(".")[2] if logger.startswith("rtserver.") else logger


def moment_of(record: logging.LogRecord) -> str:
    """Return ISO 8601 with milliseconds, in UTC whatever the time zone of the process: Django sets that to the
    site's.
    """
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TextFormatter(logging.Formatter):
    """``2013-03-01T15:00:00.500Z INFO    redis_queue: = connected``; a traceback follows on lines of its own.

    A ``worker`` stands before the name. Message and traceback may quote input from the wire: none of it can pass for
    a line of ours, or steer the terminal.
    """

    def __init__(self, has_colours: bool, worker: str = "") -> None:
        super().__init__()
        self._has_colours = has_colours
        self._worker = f"{worker} " if worker else ""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, then the traceback if there is one."""
        said = printable(f"{short_name(record.name)}: {record.getMessage()}")
        line = f"{moment_of(record)} {record.levelname:<7} {self._worker}{said}"
        if self._has_colours and record.levelno in COLOURS:
            line = f"{COLOURS[record.levelno]}{line}{RESET}"
        trouble = (each for part in _trouble(self, record) for each in part.split("\n"))
        return "\n".join([line, *(INDENT + printable(each) for each in trouble)])


class JsonFormatter(logging.Formatter):
    """One object per line: time (ISO 8601, UTC), level, logger, thread, message, and exception if there is one.

    There is a ``worker`` if the process is one.
    """

    def __init__(self, worker: str = "") -> None:
        super().__init__()
        self._worker = {"worker": worker} if worker else {}

    def format(self, record: logging.LogRecord) -> str:
        """Return ASCII only, so that no reader's encoding matters."""
        said = {
            "time": moment_of(record),
            "level": record.levelname.lower(),
            **self._worker,
            "logger": record.name,
            "thread": record.threadName,
            "message": record.getMessage(),
        }
        if trouble := _trouble(self, record):
            said["exception"] = "\n".join(trouble)
        return json.dumps(said)


def _trouble(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    parts = []
    if record.exc_info:
        parts.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        parts.append(formatter.formatStack(record.stack_info))
    return parts
