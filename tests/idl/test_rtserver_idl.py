"""The IDL that rtserver ships, and what is checked in of it."""

from pathlib import Path

import pytest

from rtserver.idl import rtserver, rtserver_low
from tcelib.tmake import tce2js, tce2py

ROOT = Path(__file__).parents[2]
IDL = ROOT / "rtserver/idl/rtserver.idl"
LOW = IDL.with_name("rtserver_low.idl")
SCRIPTS = ROOT / "site/static/js/rtc"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with everything that the compilers make of the IDL."""
    monkeypatch.chdir(tmp_path)
    for main in (tce2py.main, tce2js.main):
        assert main(["-i", f"{IDL},{LOW}", "-o", str(tmp_path)]) == 0
    return tmp_path


@pytest.mark.parametrize(
    "committed",
    [
        IDL.with_name("rtserver.py"),
        LOW.with_name("rtserver_low.py"),
        SCRIPTS / "rtserver.js",
        SCRIPTS / "rtserver.d.ts",
    ],
    ids=lambda p: p.name,
)
def test_what_is_checked_in_is_what_the_compilers_make(made: Path, committed: Path) -> None:
    assert committed.read_text() == (made / committed.name).read_text(), f"make {committed.name} again"


def test_the_indexes_leave_room_for_those_of_others(made: Path) -> None:
    """Compilers count from 0 on; Java reads indexes with a sign."""
    assert (made / "ifxdef.txt").read_text().splitlines() == [
        '<if id="30000" name="rtserver.ITerminal"/>',
        '<if id="30001" name="rtserver.IUserGateway"/>',
        '<if id="250" name="rtserver_low.ITerminal"/>',
        '<if id="251" name="rtserver_low.IUserGateway"/>',
    ]


def test_the_interfaces_for_cpp_are_the_same_but_for_their_indexes() -> None:
    for usual, low in (
        (rtserver.ITerminal, rtserver_low.ITerminal),
        (rtserver.IUserGateway, rtserver_low.IUserGateway),
    ):
        operations = zip(usual.INTERFACE.operations, low.INTERFACE.operations, strict=True)
        for one, other in operations:
            assert (one.name, one.opidx, one.is_void) == (other.name, other.opidx, other.is_void)
            params = ("a", "b") if one.name == "onMessage" else ("a",)
            assert one.write_params(*params) == other.write_params(*params)


def test_nobody_is_warned_of_what_the_idl_has_an_answer_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert tce2py.main(["-i", f"{IDL},{LOW}", "-o", "."]) == 0
    assert capsys.readouterr().err == ""
