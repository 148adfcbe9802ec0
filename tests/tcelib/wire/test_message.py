"""RPC messages and their extra values (TCE protocol, sections 2 and 4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject

from tcelib.error import DecodeError
from tcelib.wire.message import MOST_EXTRA, RpcExtraData, RpcMessage, split_extra, write_extra

MINIMAL = bytes.fromhex("010000000521000200030000000000000000000000")


def test_a_message_of_21_bytes_is_a_header_and_nothing_else() -> None:
    message = RpcMessage.parse(MINIMAL)

    assert (message.sequence, message.calltype, message.ifidx, message.opidx) == (5, 0x21, 2, 3)
    assert (message.errcode, message.paramsize, message.call_id) == (0, 0, 0)
    assert message.extra.props == {}
    assert message.paramstream == b""
    assert message.pack() == MINIMAL


def test_the_user_of_a_message_is_the_one_in_its_extra_values() -> None:
    assert RpcMessage(extra=RpcExtraData({"__user_id__": "17"})).user_id == "17"
    assert RpcMessage().user_id == "0"


@pytest.mark.parametrize("length", range(21))
def test_a_shorter_body_is_no_message(length: int) -> None:
    with pytest.raises(DecodeError, match="header"):
        RpcMessage.parse(MINIMAL[:length])


def test_values_that_are_no_text_are_written_as_str_makes_them() -> None:
    props, _ = split_extra(3, write_extra({"first": 1, "second": None, 3: "x"}))

    assert props == {"first": "1", "second": "None", "3": "x"}


def test_of_equal_names_the_last_one_counts() -> None:
    one_pair = write_extra({"name": "1"}) + write_extra({"name": "2"})

    assert split_extra(2, one_pair + b"rest") == ({"name": "2"}, b"rest")


def test_names_and_values_may_be_any_bytes() -> None:
    props, rest = split_extra(1, bytes.fromhex("00000001e900000002c080aa"))

    assert props == {"\udce9": "\0"}
    assert rest == b"\xaa"


@pytest.mark.parametrize("count", [1, 2, 0x20000000, 0xFFFFFFFF])
def test_a_count_is_checked_against_the_bytes_that_are_there(count: int) -> None:
    with pytest.raises(DecodeError, match=f"{count} extra values"):
        split_extra(count, b"1234567")


@given(st.dictionaries(st.text(max_size=9), st.text(max_size=9), min_size=1, max_size=5), st.data())
def test_extra_values_that_are_cut_anywhere_are_refused(props: dict[str, str], data: DataObject) -> None:
    written = write_extra(props)
    cut = data.draw(st.integers(0, len(written) - 1))

    with pytest.raises(DecodeError):
        split_extra(len(props), written[:cut])


u16, u32 = st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
texts = st.text(max_size=9)
messages = st.builds(
    RpcMessage,
    calltype=st.integers(0, 0xFF),
    sequence=u32,
    ifidx=u16,
    opidx=u16,
    errcode=u32,
    paramsize=st.integers(0, 0xFF),
    call_id=u16,
    extra=st.builds(RpcExtraData, st.dictionaries(texts, texts, max_size=5)),
    paramstream=st.binary(max_size=50),
)


@given(messages)
def test_every_message_comes_back(message: RpcMessage) -> None:
    assert repr(RpcMessage.parse(message.pack())) == repr(message)


def test_very_many_extra_values_are_not_decoded() -> None:
    extra = write_extra({f"name{number}": "value" for number in range(MOST_EXTRA + 1)})
    with pytest.raises(DecodeError, match="at most 1000"):
        split_extra(MOST_EXTRA + 1, extra)
    assert len(split_extra(MOST_EXTRA, extra)[0]) == MOST_EXTRA
