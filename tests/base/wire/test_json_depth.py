"""The depth of nesting of bytes that may be JSON or may not."""

import json
from itertools import accumulate
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.wire.json_depth import is_deeper

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"

TEXTS = st.text("ab[]{}\\\"'\u20ac\n", max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=30,
)


def depth(value: Json) -> int:
    """In the words of the definition."""
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(VALUES, st.booleans(), st.integers(0, 8))
def test_it_is_what_the_decoded_value_says(value: Json, ascii_only: bool, most: int) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert is_deeper(raw, most) == (depth(value) > most)


@given(st.binary(max_size=200) | st.text('[]{}\\"a', max_size=200).map(str.encode), st.integers(0, 20))
def test_bytes_of_any_kind_get_an_answer(raw: bytes, most: int) -> None:
    assert is_deeper(raw, most) in (True, False)


@pytest.mark.parametrize("count", [64, 65, 1000, 30_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"":', b'["]",'])
def test_what_is_never_closed_is_as_deep_as_it_was_opened(opening: bytes, count: int) -> None:
    brackets = count * (2 if b"{" in opening[1:] else 1)
    assert is_deeper(opening * count, brackets - 1)
    assert not is_deeper(opening * count, brackets)


@given(st.text("[]{}", max_size=40), st.integers(0, 20))
def test_brackets_that_fit_no_pattern_are_added_up(brackets: str, most: int) -> None:
    depths = accumulate((1 if each in "[{" else -1 for each in brackets), initial=0)
    assert is_deeper(brackets.encode(), most) == (max(depths) > most)


def test_what_is_wide_is_not_deep() -> None:
    assert not is_deeper(b"[" + b"[]," * 20_000 + b"{}]", 2)
    assert is_deeper(b"[" + b"[]," * 20_000 + b"{}]", 1)


@pytest.mark.parametrize(
    "raw", [rb'["[[[[[[[["]', rb'["\"[[[[[[[["]', rb'["\\\"[[[[["]', rb'{"[[[[[[":"]]]]]]"}', b'"' + b"[" * 50]
)
def test_brackets_in_strings_do_not_count(raw: bytes) -> None:
    assert not is_deeper(raw, 1)


def test_a_string_ends_behind_an_escaped_backslash() -> None:
    assert is_deeper(rb'["\\",[[[]]]]', 3)
