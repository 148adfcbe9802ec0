"""The IDL that rtserver ships, and what is checked in of it."""

from pathlib import Path

import pytest

from tcelib.tmake import tce2js, tce2py

ROOT = Path(__file__).parents[2]
IDL = ROOT / "rtserver/idl/rtserver.idl"
SCRIPTS = ROOT / "site/static/js/rtc"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with everything that the compilers make of the IDL."""
    monkeypatch.chdir(tmp_path)
    for main in (tce2py.main, tce2js.main):
        assert main(["-i", str(IDL), "-o", str(tmp_path)]) == 0
    return tmp_path


@pytest.mark.parametrize(
    "committed",
    [IDL.with_name("rtserver.py"), SCRIPTS / "rtserver.js", SCRIPTS / "rtserver.d.ts"],
    ids=lambda p: p.name,
)
def test_what_is_checked_in_is_what_the_compilers_make(made: Path, committed: Path) -> None:
    assert committed.read_text() == (made / committed.name).read_text(), f"make {committed.name} again"


def test_the_indexes_leave_room_for_those_of_others(made: Path) -> None:
    """Compilers count from 0 on; Java reads indexes with a sign."""
    assert (made / "ifxdef.txt").read_text().splitlines() == [
        '<if id="30000" name="rtserver.ITerminal"/>',
        '<if id="30001" name="rtserver.IUserGateway"/>',
    ]
