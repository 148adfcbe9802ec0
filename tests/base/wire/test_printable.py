"""Text from outside steers no terminal and looks like nothing but itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.printable import printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, naïve, 数据", "plain, naïve, 数据"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\rc\td", "a\\nb\\rc\\td"),
        ("\x9b31m\x7f\x00", "\\x9b31m\\x7f\\x00"),
        ("user\u202egnp.exe", "user\\u202egnp.exe"),
        ("\u2028\u200b\ufeff", "\\u2028\\u200b\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_what_steers_or_hides_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_any_text_becomes_one_printable_line_and_stays_it(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert printable(shown) == shown


def test_lines_of_ours_stay_lines() -> None:
    assert printable_lines("one \x1b[2J\ntwo\u2028") == "one \\x1b[2J\ntwo\\u2028"
