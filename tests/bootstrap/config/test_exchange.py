"""The tables of exchanges in the configuration: read, refused with their field, and told by ``check``."""

from pathlib import Path

import pytest

from rtserver.bootstrap.command.check_exchanges import check_exchanges
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.config_source import load_config
from rtserver.bootstrap.config.error import ConfigError
from rtserver.bootstrap.config.exchange import exchange_calendars
from rtserver.bootstrap.site.finding import Severity
from rtserver.market.calendar.calendar import CONTINUOUS
from rtserver.market.calendar.exchange_calendars import UnknownExchangeError
from rtserver.market.day import read_day
from tests.market.exchange import moment


def configured(directory: Path, text: str) -> Config:
    (directory / "rtserver.toml").write_text(text, encoding="utf-8")
    return load_config(environ={}, directory=directory)


def test_an_exchange_has_the_calendar_of_its_table_and_others_the_default(tmp_path: Path) -> None:
    config = configured(tmp_path, 'port = 1\n[exchanges.TSE]\nzone = "Asia/Tokyo"\nsessions = ["09:00-11:30"]\n')
    calendars = exchange_calendars(config)
    assert str(calendars.of("TSE").zone) == "Asia/Tokyo"
    assert calendars.of("LSE") is CONTINUOUS
    assert [calendars.of(each).zone_name for each in ("TSE", "LSE")] == ["Asia/Tokyo", None]
    calendars.check("LSE")


def test_only_listed_exchanges_are_known_where_the_setting_says_so(tmp_path: Path) -> None:
    text = 'exchanges_only = true\ndjango_settings = "shop.settings"\n[exchanges.NYSE]\ncalendar = "NYSE"\n'
    calendars = exchange_calendars(configured(tmp_path, text))
    calendars.check("NYSE")
    with pytest.raises(UnknownExchangeError, match='exchange "NYS" is unknown; known are NYSE'):
        calendars.check("NYS")


def test_the_demo_shows_its_quotes_whatever_is_listed() -> None:
    calendars = exchange_calendars(Config(exchanges_only=True))
    calendars.check("DEMO")
    assert calendars.of("DEMO") is CONTINUOUS


def test_holidays_may_stand_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "holidays.txt"
    file.write_text("# Tokyo\n2026-01-01\n\n20260102  # bank holiday\n", encoding="utf-8")
    text = f"[exchanges.TSE]\nzone = 'Asia/Tokyo'\nsessions = ['09:00-11:30']\nholidays = '{file}'\n"
    calendar = exchange_calendars(configured(tmp_path, text)).of("TSE")
    assert [calendar.is_trading_day(read_day(f"2026-01-0{day}")) for day in (1, 2, 5)] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exchanges = 5", "exchanges: 5 is not allowed; it must be tables [exchanges.NAME]"),
        ("[exchanges]\nTSE = 5", "exchanges.TSE: 5 is not allowed; it must be a table [exchanges.TSE]"),
        ("[exchanges.TSE]\nzone = 'Asia/Tokio'", 'exchanges.TSE.zone: "Asia/Tokio" is no time zone; did you mean'),
        ("[exchanges.TSE]\nsesions = []", "exchanges.TSE.sesions: unknown; known are"),
        ('[exchanges."T:E"]\nzone = "UTC"', "exchanges.T:E: an exchange has neither spaces nor colons"),
        (
            "[exchanges.X]\nholidays = 'no/such/file'",
            "exchanges.X.holidays: no/such/file cannot be read (No such file",
        ),
        ("[exchange.X]\nzone = 'UTC'", 'exchange: unknown; did you mean "exchanges"?'),
    ],
)
def test_a_bad_table_is_refused_with_the_file_the_exchange_and_the_field(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'rtserver.toml'}: {said}")


@pytest.mark.parametrize(
    ("content", "said"), [(b"2026-01-01\nsoon\n", '2: "soon" is no date'), (b"\xff", "is no UTF-8")]
)
def test_a_bad_file_of_holidays_is_refused_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "holidays.txt"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, f"[exchanges.X]\nzone = 'UTC'\nholidays = '{file}'\n")
    assert str(file) in str(caught.value)
    assert said in str(caught.value)


def findings(config: Config, text: str) -> list[tuple[Severity, str]]:
    now_ms = moment(exchange_calendars(config).of("SHFE"), text)
    return [(finding.severity, finding.detail) for finding in check_exchanges(config, now_ms)]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2026-03-06 14:00", "open 2026-03-06 13:30 to 15:00 Asia/Shanghai"),
        ("2026-03-06 15:00", "next session 2026-03-06 21:00 to 02:30 of the trading day 2026-03-09 Asia/Shanghai"),
        ("2026-03-07 12:00", "next session 2026-03-09 09:00 to 10:15 Asia/Shanghai"),
        ("2026-03-09 08:00", "next session 2026-03-09 09:00 to 10:15 Asia/Shanghai"),
    ],
)
def test_check_tells_the_session_that_is_on_or_comes_next(now: str, said: str) -> None:
    config = Config(exchanges={"SHFE": {"calendar": "SHFE"}})
    assert findings(config, now) == [(Severity.OK, f"SHFE: {said}; holidays up to 2026-12-31")]


def test_check_warns_when_holidays_are_not_known_any_more() -> None:
    config = Config(exchanges={"SHFE": {"calendar": "SHFE"}, "BITS": {"calendar": "24/7"}})
    (severity, text), other = findings(config, "2027-01-04 10:00")
    assert severity is Severity.WARN
    assert text.endswith("; holidays are known up to 2026-12-31 only: add more")
    assert other == (Severity.OK, "BITS: open always, in days of UTC; no holidays")


def test_check_tells_of_exchanges_where_none_is_listed() -> None:
    assert findings(Config(), "2026-03-06 14:00") == [(Severity.OK, "all are open always, in UTC")]
    strict = Config(exchanges_only=True, django_settings="shop.settings")
    assert findings(strict, "2026-03-06 14:00") == [(Severity.WARN, "none is known: nobody sees a quote")]
