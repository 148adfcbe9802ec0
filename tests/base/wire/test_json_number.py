"""Messages with too many slow numbers, found without decoding them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.json_number import has_more_slow_numbers


@pytest.mark.parametrize(
    "number", ["1e308", "1E+289", "-2.5e300", "1e0290", "100000e285", "9" * 300 + ".5", "1" + "0" * 250 + "e99"]
)
def test_a_number_near_the_end_of_the_range_is_slow(number: str) -> None:
    raw = f"[{','.join([number] * 9)}]".encode()
    assert has_more_slow_numbers(raw, 8)
    assert not has_more_slow_numbers(raw, 40)


@pytest.mark.parametrize("number", ["1", "1e22", "1e-300", "5e-324", "1.7976931348623157", "9" * 100])
def test_no_other_number_is(number: str) -> None:
    assert not has_more_slow_numbers(f"[{','.join([number] * 1000)}]".encode(), 0)


@pytest.mark.parametrize("text", ["e308" * 100, "0" * 1000, "\\" + '"e308' * 100, 'e308\\"' * 100])
def test_what_looks_like_one_in_a_string_is_none(text: str) -> None:
    raw = json.dumps({text: [text, 1e308, text]}).encode()
    assert not has_more_slow_numbers(raw, 1)
    assert has_more_slow_numbers(raw, 0)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=30), st.integers(0, 30))
def test_no_list_of_floats_has_more_slow_ones_than_are_found(numbers: list[float], most: int) -> None:
    slow = sum(abs(number) >= 1e289 for number in numbers)
    assert has_more_slow_numbers(json.dumps(numbers).encode(), most) or slow <= most
