"""The close code table, and the browser's copy of it."""

from pathlib import Path

import pytest

from rtserver.base.wire.close_code import CloseCode, as_javascript, may_be_sent, may_reconnect

BROWSER_COPY = Path(__file__).parents[3] / "site/static/js/rtc/codes.js"


def test_what_may_be_sent_is_what_the_rfc_and_the_registry_allow() -> None:
    allowed = {1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)}
    assert {code for code in range(65536) if may_be_sent(code)} == allowed


def test_every_code_of_the_table_but_the_two_that_stand_for_silence_may_be_sent() -> None:
    assert {code for code in CloseCode if not may_be_sent(code)} == {CloseCode.NO_STATUS, CloseCode.ABNORMAL}


@pytest.mark.parametrize("code", [1000, 4000, 4001, 4003, 4009, 4099])
def test_a_client_stays_away_after_a_normal_end_and_after_40xx(code: int) -> None:
    assert not may_reconnect(code)


@pytest.mark.parametrize("code", [1001, 1002, 1005, 1006, 1009, 1011, 3999, 4100, 4101, 4108, 4129, 4199])
def test_a_client_comes_back_after_everything_else(code: int) -> None:
    assert may_reconnect(code)


def test_the_browsers_copy_is_the_table() -> None:
    assert BROWSER_COPY.read_text() == as_javascript()
