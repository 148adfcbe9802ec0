"""Extra values as bytes say the same as the map that they are read into."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcelib.error import DecodeError
from tcelib.wire.extra_map import pair, values_of, without
from tcelib.wire.message import MOST_EXTRA, split_extra, write_extra

TEXTS = st.text(max_size=8)
MAPS = st.dictionaries(TEXTS, TEXTS, max_size=5)


@given(MAPS, st.binary(max_size=20))
def test_values_are_those_of_the_map(extra: dict[str, str], params: bytes) -> None:
    rest = write_extra(extra) + params
    assert values_of(len(extra), rest) == {name.encode(): value.encode() for name, value in extra.items()}
    assert b"".join(pair(name, value) for name, value in extra.items()) == write_extra(extra)


@given(MAPS, st.binary(max_size=20), st.sets(TEXTS, max_size=3))
def test_without_leaves_names_out_and_everything_else_as_it_was(
    extra: dict[str, str], params: bytes, names: set[str]
) -> None:
    left = {name: value for name, value in extra.items() if name not in names}
    rest = write_extra(extra) + params
    assert without(len(extra), rest, {name.encode() for name in names}) == (len(left), write_extra(left) + params)


def test_a_name_that_comes_twice_is_left_out_twice_and_its_last_value_counts() -> None:
    rest = pair("a", "1") + pair("b", "2") + pair("a", "3") + b"params"
    assert without(3, rest, (b"a",)) == (1, pair("b", "2") + b"params")
    assert values_of(3, rest) == {b"a": b"3", b"b": b"2"}


@pytest.mark.parametrize(
    ("count", "rest"),
    [
        (1, b""),
        (1, b"\0\0\0\1a\0\0\0"),
        (1, b"\0\0\0\1a\0\0\0\2x"),
        (1, b"\xff\xff\xff\xffaaaa"),
        (2, pair("a", "b")),
        (MOST_EXTRA + 1, pair("", "") * (MOST_EXTRA + 1)),
    ],
)
def test_a_map_that_is_cut_is_refused(count: int, rest: bytes) -> None:
    with pytest.raises(DecodeError):
        values_of(count, rest)
    with pytest.raises(DecodeError):
        without(count, rest, ())


@given(st.integers(0, 4), st.binary(max_size=60))
def test_the_same_bytes_are_refused_as_by_the_reader_of_messages(count: int, rest: bytes) -> None:
    try:
        props, params = split_extra(count, rest)
    except DecodeError:
        with pytest.raises(DecodeError):
            values_of(count, rest)
    else:
        assert len(values_of(count, rest)) >= len(props)
        assert without(count, rest, ()) == (count, rest)
        assert rest.endswith(params)
