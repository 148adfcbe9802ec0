"""The command line of stored history, with a real Redis: import, export, info, prune, and what it refuses."""

from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import gevent.event
import pytest
from click.testing import CliRunner, Result

from rtserver.base.queue.redis_queue import plain_client
from rtserver.bootstrap.command.cli import main
from rtserver.history.history_reader import HistoryReader
from rtserver.history.port import HistoryRange
from rtserver.history.redis_history import RedisHistory

QUOTE = "DEMO:AAPL:20130301"
DATA = Path(str(files("rtserver.service.quote"))) / "data" / "quotes" / "AAPL.csv"
MINUTES = """Time,open,HIGH,low,close,volume,Turnover
2026-01-05T09:31:00+01:00,100.5,101,100,100.75,,
2026-01-05 08:30,100,101,99.5,100.5,1200,120600.5

1767601920000,100,101,99.5,100.5,7,
"""
Run = Callable[..., Result]


@pytest.fixture
def run(redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``rtserver history`` in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["history", *arguments, "--redis-url", redis_url], catch_exceptions=False)

    return run


@pytest.fixture
def history(redis_url: str) -> Iterator[RedisHistory]:
    history = RedisHistory(plain_client(redis_url), "queue:rtserver")
    yield history
    history.close()


def written(text: str, name: str = "bars.csv") -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def store(run: Run, *paths: str, quote: str = QUOTE, period: str = "1d") -> Result:
    return run("import", *paths, "--quote", quote, "--period", period)


def test_years_of_daily_bars_are_stored_and_read_at_once(run: Run, history: RedisHistory) -> None:
    result = store(run, str(DATA))
    lines = len(DATA.read_text(encoding="utf-8").splitlines()) - 1
    assert result.exit_code == 0
    assert result.stdout.endswith(f"stored {lines} bars of {QUOTE} (1d)\n")
    part = HistoryReader(history, event=gevent.event.Event).read(HistoryRange(QUOTE, "1d", limit=100))
    assert (len(part.bars), part.has_older) == (100, True)
    assert all(isinstance(bar.label, int) and bar.label % 86_400_000 == 0 for bar in part.bars)


def test_what_was_imported_is_exported_and_imported_again(run: Run, history: RedisHistory) -> None:
    store(run, str(DATA))
    assert run("export", "--quote", QUOTE, "--period", "1d", "--output", "out.csv").exit_code == 0
    store(run, "out.csv", quote="DEMO:COPY:20130301")
    one, copy = (history.read(HistoryRange(f"DEMO:{item}:20130301", "1d")).bars for item in ("AAPL", "COPY"))
    assert one == copy


def test_minutes_of_any_order_and_zone_are_taken(run: Run, history: RedisHistory) -> None:
    assert store(run, written(MINUTES), period="1m").exit_code == 0
    bars = history.read(HistoryRange(QUOTE, "1m")).bars
    assert [bar.label for bar in bars] == [1767601800000, 1767601860000, 1767601920000]
    assert [(bar.volume, bar.turnover) for bar in bars] == [(1200, 120600.5), (None, None), (7, None)]
    result = run("export", "--quote", QUOTE, "--period", "1m", "--from", "2026-01-05", "--to", "2026-01-06")
    assert "2026-01-05T08:30:00Z,100,101,99.5,100.5,1200,120600.5\n" in result.stdout
    assert "2026-01-05T08:31:00Z,100.5,101,100,100.75,,\n" in result.stdout


def test_bars_of_one_exchange_are_those_of_its_trading_days(run: Run, history: RedisHistory) -> None:
    table = '[exchanges.SHFE]\nzone = "Asia/Shanghai"\nsessions = ["09:00-15:00"]\nnight = ["21:00-02:30"]\n'
    written(table, "rtserver.toml")
    night = "time,open,high,low,close\n2026-01-05T21:00:00+08:00,1,1,1,1\n2026-01-06T09:00:00+08:00,1,1,1,1\n"
    assert store(run, written(night), quote="SHFE:cu", period="1m").exit_code == 0
    assert {bar.group for bar in history.read(HistoryRange("SHFE:cu", "1m")).bars} == {20_459}


@pytest.mark.parametrize(
    ("text", "period", "fault"),
    [
        ("", "1d", ':1: the first line has to name "Date,Open,High,Low,Close[,Volume][,Turnover]"'),
        ("Date,Open,High,Low,Close\n2026-01-05,1,3,1,2\n2026-01-06,1,3,1,x\n", "1d", ':3: close "x" is not a number'),
        ("Date,Open,High,Low,Close\n2026-01-05,1,3,2,2\n", "1d", ":2: open 1 and close 2 are not between low 2"),
        ("Date,Open,High,Low,Close\n2026-01-05T01:00,1,1,1,1\n", "1d", "of a day is not midnight in UTC"),
        ("Date,Open,High,Low,Close\n09:30:00,1,1,1,1\n", "1m", ":2: the label '09:30:00' is no epoch time"),
        ("Date,Open,High,Low,Close\n2026-01-05,1,1,1\n", "1d", ':2: close "" is not a number'),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line_and_nothing_is_stored(
    run: Run, history: RedisHistory, text: str, period: str, fault: str
) -> None:
    good = written("Date,Open,High,Low,Close\n2026-01-02,1,1,1,1\n", "good.csv")
    result = store(run, good, written(text), period=period)
    assert result.exit_code == 1
    assert fault in result.stderr
    assert "bars.csv:" in result.stderr
    assert history.quotes() == []


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["import", "none.csv", "--quote", QUOTE, "--period", "1d"], "'none.csv' does not exist"),
        (["import", "--quote", QUOTE, "--period", "1d"], "Missing argument 'FILE.csv...'"),
        (["export", "--quote", "AAPL", "--period", "1d"], 'quote "AAPL" is not of the form EXCHANGE:ITEM:DATE'),
        (["export", "--quote", QUOTE, "--period", "5m"], "'5m' is not one of '1m', '1d'"),
        (
            ["export", "--quote", QUOTE, "--period", "1d", "--from", "soon"],
            '"soon" is no date of the form 2026-01-05',
        ),
    ],
)
def test_a_command_line_that_is_wrong_is_refused(run: Run, arguments: list[str], fault: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert fault in result.stderr


def test_info_lists_what_is_stored(run: Run) -> None:
    assert run("info").stdout.splitlines()[-1] == "0 quotes, 0 bars, 0 bytes"
    store(run, str(DATA))
    store(run, written(MINUTES), period="1m")
    minutes, days, totals = run("info").stdout.splitlines()[-3:]
    assert minutes.split()[:8] == [QUOTE, "1m", "2026-01-05", "08:30", "2026-01-05", "08:32", "3", "bars"]
    assert days.split()[:2] == [QUOTE, "1d"]
    assert totals.startswith("1 quote, ")
    assert "0 quotes, 0 bars" in run("info", "--quote", "A:B").stdout


def test_prune_removes_what_is_older_than_the_settings_say(run: Run) -> None:
    store(run, str(DATA))
    store(run, written(MINUTES), period="1m")
    assert "removed 0 groups" in run("prune", "--history-days-1m", "0").stdout
    result = run("prune", "--history-days-1d", "1", "--history-days-1m", "0")
    assert "removed 0 " not in result.stdout
    assert run("info").stdout.splitlines()[-1].startswith("1 quote, 3 bars")


def test_a_quote_of_which_nothing_is_stored_is_no_empty_file(run: Run) -> None:
    result = run("export", "--quote", QUOTE, "--period", "1d")
    assert result.exit_code == 1
    assert f"nothing is stored of {QUOTE} (1d)" in result.stderr


def test_a_key_of_another_kind_is_an_error_in_one_line(run: Run, redis_url: str) -> None:
    with plain_client(redis_url) as client:
        client.call("SET", f"{{queue:rtserver}}:history:blocks:1d:{QUOTE}", "x")
    result = store(run, str(DATA))
    assert result.exit_code == 1
    assert "holds something else" in result.stderr


@pytest.mark.parametrize("command", ["import", "export", "info", "prune"])
def test_each_command_has_a_page_of_help(command: str) -> None:
    result: Any = CliRunner().invoke(main, ["history", command, "--help"])
    assert result.exit_code == 0
    assert "--redis-url" in result.stdout
