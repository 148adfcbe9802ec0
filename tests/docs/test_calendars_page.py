"""docs/calendars.md: its tables are allowed, its fields and samples are those of the code, its program runs."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from rtserver.bootstrap.command.check_exchanges import check_exchanges
from rtserver.bootstrap.config.config_source import load_config, read_file
from rtserver.market.calendar.calendar_table import SAMPLES, CalendarTable
from tests.docs.document import ROOT, all_blocks, blocks, table
from tests.market.exchange import moment, stocks

PAGE = ROOT / "docs" / "calendars.md"


def written(directory: Path, text: str) -> Path:
    file = directory / "rtserver.toml"
    file.write_text(text, encoding="utf-8")
    (directory / "tokyo.txt").write_text("2026-01-01\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("text", blocks(PAGE, "toml"))
def test_a_table_that_is_shown_is_allowed(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_file(written(tmp_path, text)).keys() == tomllib.loads(text).keys()


def test_every_field_and_every_sample_is_told() -> None:
    fields = [row[0].strip("`") for row in table(PAGE, "field", "what it is", "if it is not there")]
    assert sorted(fields) == sorted(CalendarTable.__struct_fields__)
    assert [row[0].strip("`") for row in table(PAGE, "sample", "what it is", "holidays")] == [
        "24/7",
        "NYSE",
        "SSE",
        "SHFE",
    ]
    assert len(SAMPLES) == 4


def test_the_line_of_check_is_what_it_says(tmp_path: Path) -> None:
    config = load_config(environ={}, file=written(tmp_path, '[exchanges.NYSE]\ncalendar = "NYSE"\n'))
    (finding,) = check_exchanges(config, moment(stocks(), "2026-11-30 17:00"))
    assert f"ok    exchanges {finding.detail}\n" in PAGE.read_text(encoding="utf-8")


def test_the_program_prints_what_it_says() -> None:
    (program,) = (block.text for block in all_blocks(PAGE) if block.info == "python")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert f"This prints `{done.stdout.strip()}`." in PAGE.read_text(encoding="utf-8")
