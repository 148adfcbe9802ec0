"""The sources of history of docs/examples, as a server calls them: a Django model, and a folder of files."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent.event
import pytest

from rtserver.bootstrap.config.plugin import load_history
from rtserver.bootstrap.history_side import ServiceThreadMeans
from rtserver.history.history_reader import HistoryReader
from rtserver.history.memory_history import MemoryHistory
from rtserver.history.plugin_source import PluginSource
from rtserver.history.port import HistoryPart, HistoryRange
from rtserver.market.calendar.calendar import CONTINUOUS
from rtserver.market.day import DAY_MS
from tests.docs.document import EXTENDING, ROOT, blocks
from tests.history.bar_maker import MONDAY, day_bar

EXAMPLES = ROOT / "docs" / "examples"
QUOTE = "SHOP:tea"

# Django's settings are one for a process, so the model has a process of its own.
WITH_DJANGO = """
import json, sys
from datetime import UTC, datetime
import django
from django.conf import settings
database = {"ENGINE": "django.db.backends.sqlite3", "NAME": "prices.sqlite3"}
settings.configure(DATABASES={"default": database}, USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
django.setup()
from bar_table import StoredBar
from django.db import connection
with connection.schema_editor() as editor:
    editor.create_model(StoredBar)
for day in range(%(first)d, %(first)d + 10):
    start = datetime.fromtimestamp(day * 86_400, UTC)
    prices = dict.fromkeys(("open", "close", "low", "high"), day)
    StoredBar.objects.create(quote="SHOP:tea", base="1d", start=start, volume=None, **prices)
import gevent.event
from rtserver.bootstrap.config.plugin import load_history
from rtserver.bootstrap.history_side import ServiceThreadMeans
from rtserver.history.plugin_source import PluginSource
from rtserver.history.port import HistoryRange
from rtserver.market.calendar.calendar import CONTINUOUS
source = PluginSource(load_history("bar_table:Prices"), ServiceThreadMeans(), lambda exchange: CONTINUOUS)
for start, end, limit in json.loads(sys.argv[1]):
    part = source.read(HistoryRange("SHOP:tea", "1d", start, end, limit))
    print(json.dumps([[bar.label // 86_400_000 for bar in part.bars], part.has_older]))
print(json.dumps([len(source.read(HistoryRange("SHOP:tea", "1m")).bars), source.failures]))
"""


@pytest.mark.parametrize("name", ["bar_table", "csv_folder"])
def test_the_document_shows_the_whole_file(name: str) -> None:
    assert (EXAMPLES / f"{name}.py").read_text(encoding="utf-8") in blocks(EXTENDING, "python")


def test_a_django_model_gives_the_bars_of_a_range(tmp_path: Path) -> None:
    first, day = MONDAY, DAY_MS
    ranges = [(None, None, None), ((first + 2) * day, (first + 4) * day, None), (None, (first + 5) * day, 2)]
    environ = {**os.environ, "PYTHONPATH": f"{EXAMPLES}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-c", WITH_DJANGO % {"first": first}, json.dumps(ranges)]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    whole, two, newest, (minutes, failures) = map(json.loads, done.stdout.splitlines())
    assert whole == [list(range(first, first + 10)), False]
    assert two == [[first + 2, first + 3], True]  # a source that gives rows alone may have older ones
    assert newest == [[first + 3, first + 4], True]
    assert (minutes, failures) == (0, 0)


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., HistoryPart]:
    """Reads a range of daily bars of the folder, in an empty directory with ten days of one quote."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLES)
    folder = tmp_path / "prices" / "SHOP"
    folder.mkdir(parents=True)
    lines = [f"{(MONDAY + day) * DAY_MS},{day},{day},{day},{day},5\n" for day in range(10)]
    (folder / "tea.1d.csv").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "prices.1d.csv").write_text("0,1,1,1,1,1\n", encoding="utf-8")
    source = PluginSource(load_history("csv_folder:Prices"), ServiceThreadMeans(), lambda _exchange: CONTINUOUS)
    store = MemoryHistory()
    store.write(QUOTE, "1d", [day_bar(MONDAY + day, 2026, -1) for day in (9, 10)])
    reader = HistoryReader(store, source, event=gevent.event.Event)

    def read(quote: str = QUOTE, **bounds: Any) -> HistoryPart:
        return reader.read(HistoryRange(quote, "1d", **bounds))

    return read


def test_a_folder_of_files_is_what_lies_before_the_stored_bars(read: Callable[..., HistoryPart]) -> None:
    part = read()
    assert [bar.open for bar in part.bars] == [*range(9), -1, -1]
    assert not part.has_older
    newest = read(limit=4)
    assert [bar.open for bar in newest.bars] == [7, 8, -1, -1]
    assert newest.has_older
    page = read(end_ms=(MONDAY + 7) * DAY_MS, limit=3)
    assert ([bar.open for bar in page.bars], page.has_older) == ([4, 5, 6], True)


@pytest.mark.parametrize("quote", ["SHOP:milk", "..:prices", ".:prices", "SHOP:../../prices", "a/b:c"])
def test_a_name_that_is_no_file_of_the_folder_has_no_bars(read: Callable[..., HistoryPart], quote: str) -> None:
    assert read(quote).bars == []
