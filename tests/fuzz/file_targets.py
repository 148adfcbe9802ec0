"""Files and variables that operators write: configuration files, environment variables, files of quotes."""

from itertools import islice
from pathlib import Path

from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.config_source import load_config, read_file
from rtserver.bootstrap.config.error import ConfigError
from rtserver.bootstrap.config.setting import settings
from rtserver.service.quote.quote_file import QuoteFileError, read_quotes
from tests.fuzz.target import Target, TryOne

MOST_ROWS = 1_000


def make_config_file(directory: Path) -> TryOne:
    """A file is a configuration, or an error that names it."""
    file = directory / "rtserver.toml"

    def try_one(data: bytes) -> None:
        file.write_bytes(data)
        try:
            values = read_file(file)
        except ConfigError as error:
            assert str(file) in str(error)
        else:
            Config(**values)

    return try_one


def make_environment(directory: Path) -> TryOne:
    """Lines of NAME=value are a configuration, or an error that names a variable or a key."""

    def try_one(data: bytes) -> None:
        # As the system gives it: bytes that are no UTF-8 come as surrogates.
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        environ = dict(line.partition("=")[::2] for line in lines if "\0" not in line)
        environ.pop("RTSERVER_CONFIG", None)
        try:
            load_config(environ=environ, directory=directory)
        except ConfigError as error:
            assert str(error)

    return try_one


def make_quote_file(directory: Path) -> TryOne:
    """A file is points, or points and an error that names file and line."""
    file = directory / "quotes.csv"

    def try_one(data: bytes) -> None:
        file.write_bytes(data)
        try:
            for info in islice(read_quotes(file), MOST_ROWS):
                assert len(info.point) in (2, 6)
        except QuoteFileError as error:
            assert str(error).startswith(f"{file}:")
            assert error.line >= 1

    return try_one


def _config_lines() -> bytes:
    known = settings().values()
    texts = {bool: "true", int: "1000", float: "2.5", str: '"text"', tuple: '["a:B"]'}
    return "\n".join(f"{setting.key} = {texts[setting.kind]}" for setting in known).encode()


def _variables() -> bytes:
    texts = {bool: "yes", int: "1000", float: "2.5", str: "text", tuple: "a:B, c:D"}
    return "\n".join(f"{setting.variable}={texts[setting.kind]}" for setting in settings().values()).encode()


_TOML = (
    _config_lines(),
    b'port = 8000\nhost = "0.0.0.0"\n# a comment\nservices = ["a.b:C", "d:E"]\ndemo_quotes = false\n',
    b'redis_url = "redis://user:secret@127.0.0.1:6379/0"\n[table]\nkey = 2020-01-01T00:00:00Z\n',
    b'[exchanges.X]\ncalendar = "NYSE"\n[exchanges.X.special_days]\n2026-01-06 = ["09:30-13:00"]\n',
    b'[exchanges.Y]\nzone = "Asia/Tokyo"\nsessions = ["09:00-11:30"]\nnight = ["21:00-02:30"]\nweekdays = ["Mon"]\n',
    b'queue = """\nmany\nlines"""\nheartbeat_seconds = 1e1\nport = 0x10\n',
)
_TOML_WORDS = (
    b" = ", b'"', b"'", b'"""', b"'''", b"[", b"]", b"{", b"}", b"[[", b"#", b"true", b"inf", b"nan", b"0x", b"0b1",
    b"1_0", b"2020-13-01", b"07:32:00", b"\\u0000", b"\\ud800", b"\xef\xbb\xbf", b"a.b.c", b"[" * 1_500, b"{a=" * 700,
    b"9" * 4_500, b"redis://[", b"unix://", b"?socket_timeout=x",
)  # fmt: skip
_ENVIRONMENT = (
    _variables(),
    b"RTSERVER_PORT=8000\nRTSERVER_NO_DEMO_QUOTES=1\nPATH=/bin\nRTSERVER_SERVICES=a:B,,c:D\n",
    b"RTSERVER_REDIS_URL=redis://h:1/0?x=y\nRTSERVER_LOG_LEVEL=debug\nRTSERVER_HEARTBEAT_SECONDS=inf\n",
)
_ENVIRONMENT_WORDS = (
    b"\n", b"=", b"RTSERVER_", b"RTSERVER_NO_", b",", b"on", b"off", b"inf", b"nan", b"1_000", b" 1 ", b"0x10", b"redis://",
    b"redis://[", b"unix://", b"rediss://:pw@h:notaport", b"?socket_timeout=x", b"/x", b"\xe2\x88\x9e", b"\xd9\xa3",
)  # fmt: skip
_CSV = (
    b"Date,Open,High,Low,Close,Volume\n2013-03-01,1,3,0.5,2,100\n20130302,1,3,0.5,2,100\n",
    b"time,price,volume\n1362150000000,430.5,\n2013-03-01T09:30:00+01:00,431,5\n09:30,1,2\n",
    b'\xef\xbb\xbfPRICE, Time\n"430.5","2013-03-01 09:30"\n',
)
_CSV_WORDS = (
    b",", b"\n", b"\r", b'"', b'""', b"Date", b"time", b"price", b"volume", b"none", b"0001-01-01T00:00:00+23:59",
    b"9999-12-31T23:59:59-23:59", b"2013-W09-5", b"24:00", b"\0", b"x" * 131_073, b"1e400", b"-1",
)  # fmt: skip

FILE_TARGETS = (
    Target("config-file", make_config_file, _TOML, _TOML_WORDS, max_bytes=8_192),
    Target("environment", make_environment, _ENVIRONMENT, _ENVIRONMENT_WORDS),
    Target("quote-file", make_quote_file, _CSV, _CSV_WORDS, max_bytes=140_000),
)
