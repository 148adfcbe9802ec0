import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtserver.base.queue.port import Entry
from rtserver.base.queue.route import route_of
from rtserver.base.queue.signature import Signer
from rtserver.base.wire.json import JsonError
from rtserver.service.message import Reason, Rejected, ServiceMessage, decode, decode_entry, encode


def test_the_data_of_a_message_stays_the_producer_s_bytes() -> None:
    message = decode(b'{"type":"quote","src":"feed-1","data":[1, 2.50,{"a":null}]}')
    assert message == ServiceMessage("quote", "feed-1", msgspec.Raw(b'[1, 2.50,{"a":null}]'))


def test_a_message_may_say_more_than_it_has_to() -> None:
    assert decode(b'{"v":2,"type":"quote","src":"me","data":null,"at":1}').type == "quote"


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"quote", b'{"type":"quote"', b'{"type":"a","src":"b","data":}', b"[" * 5000]
)
def test_what_is_no_json_is_rejected_as_that(raw: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        decode(raw)
    assert caught.value.reason is Reason.BAD_JSON


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b'"quote"',
        b"{}",
        b'{"src":"me","data":1}',
        b'{"type":"quote","data":1}',
        b'{"type":"quote","src":"me"}',
        b'{"type":7,"src":"me","data":1}',
        b'{"type":"quote","src":null,"data":1}',
    ],
)
def test_json_that_is_no_envelope_is_rejected_as_that(raw: bytes) -> None:
    with pytest.raises(Rejected) as caught:
        decode(raw)
    assert caught.value.reason is Reason.BAD_MESSAGE


def test_what_is_not_signed_with_the_secret_is_rejected_before_anybody_looks_into_it() -> None:
    signer = Signer("the secret")
    raw = encode("quote", "me", 1)
    assert decode(signer.sign(raw), signer) == decode(raw)
    for forged in (raw, Signer("another").sign(raw), b"{"):
        with pytest.raises(Rejected) as caught:
            decode(forged, signer)
        assert (caught.value.reason, caught.value.src) == (Reason.BAD_SIGNATURE, "")


def test_without_a_secret_a_signature_is_passed_over() -> None:
    assert decode(Signer("the secret").sign(encode("quote", "me", 1))).type == "quote"


def test_what_was_signed_may_still_be_no_message() -> None:
    signer = Signer("the secret")
    for raw, reason in ((b"{", Reason.BAD_JSON), (b"{}", Reason.BAD_MESSAGE)):
        with pytest.raises(Rejected) as caught:
            decode(signer.sign(raw), signer)
        assert caught.value.reason is reason


@given(st.binary(max_size=60))
@settings(max_examples=200)
def test_whatever_the_bytes_are_the_answer_is_a_message_or_a_rejection(raw: bytes) -> None:
    try:
        outcome: ServiceMessage | Rejected = decode(raw)
    except Rejected as rejected:
        outcome = rejected
    if isinstance(outcome, Rejected):
        assert outcome.reason in (Reason.BAD_JSON, Reason.BAD_MESSAGE)
        assert outcome.detail


@given(st.text(max_size=20), st.text(max_size=20), st.recursive(st.none() | st.integers(0, 9) | st.text(), st.lists))
@settings(max_examples=50)
def test_what_was_encoded_is_decoded(msg_type: str, src: str, data: object) -> None:
    message = decode(encode(msg_type, src, data))
    assert (message.type, message.src, msgspec.json.decode(message.data)) == (msg_type, src, data)


def test_data_that_json_cannot_say_is_refused_before_it_is_sent() -> None:
    with pytest.raises(JsonError):
        encode("quote", "me", float("nan"))


def test_a_signature_is_as_old_as_it_was_when_the_message_came_to_the_bus() -> None:
    signed_at, long_after = 1_448_010_000, 1_448_099_999
    raw = Signer("a secret of the shop", seconds=60, now=lambda: signed_at).sign(encode("n", "me", 1))
    reader = Signer("a secret of the shop", seconds=60, now=lambda: long_after)
    assert decode(raw, reader, entry_id="1448010059000-7").type == "n"
    for entry_id in ("1448010061000-7", "1448009939000-7", None):
        with pytest.raises(Rejected) as caught:
            decode(raw, reader, entry_id=entry_id)
        assert caught.value.reason == Reason.BAD_SIGNATURE


def test_a_message_to_quotes_says_which_before_all_else() -> None:
    data = [{"quote": "X:A", "info": 1}, {"quote": "X:B:20130301"}, {"quote": "X:A"}]
    raw = encode("quote", "me", data, 1)
    assert raw.startswith(b'{"type":"quote","to":"X:A X:B:20130301","src":"me","data":[')
    assert raw.endswith(b',"id":1}')


@pytest.mark.parametrize(
    ("user_id", "to"), [(7, b"7"), ("ann", b"ann"), ([7, "ann", 7], b"7 ann"), (2**70, b"1180591620717411303424")]
)
def test_a_message_to_users_says_to_whom_before_all_else(user_id: object, to: bytes) -> None:
    raw = encode("pushuser", "me", {"user_id": user_id, "type": "n", "data": 1})
    assert raw.startswith(b'{"type":"pushuser","to":"%b","src":"me","data":{' % to)


@pytest.mark.parametrize(
    "user_id", ["*", [], [7, "*"], "a b", "\u00e9", True, 7.5, None, {"7": 8}, list(range(1000))]
)
def test_a_message_to_everyone_to_very_many_or_to_nobody_that_a_route_could_name_has_none(user_id: object) -> None:
    raw = encode("pushuser", "me", {"user_id": user_id, "type": "n", "data": 1})
    assert raw.startswith(b'{"type":"pushuser","src":"me"')


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        "quote",
        {},
        [],
        [7],
        [[]],
        [{}],
        [{"quote": 7}],
        [{"quote": None}],
        [{"quote": []}],
        [{"quote": "two words"}],
        [{"quote": 'X:"'}],
        [{"quote": "X:\\"}],
        [{"quote": "X:Ä"}],
        [{"quote": "X:\n"}],
        [{"quote": f"X:{number}"} for number in range(1000)],
    ],
)
def test_a_message_names_nobody_where_that_is_not_sure(data: object) -> None:
    assert encode("quote", "me", data).startswith(b'{"type":"quote","src":"me",')


def test_a_message_that_is_none_of_its_route_is_rejected() -> None:
    def entry(raw: bytes) -> Entry:
        return Entry("1-1", raw, *route_of(raw))

    assert decode_entry(entry(encode("quote", "me", [{"quote": "X:A"}]))).type == "quote"
    for odd in (
        b'{"type":"quote","to":"X:A","src":"me","data":1,"to":"X:B"}',
        b'{"type":"quote","to":"X:A","src":"me","data":1,"type":"pushuser"}',
        b'{"type":"quote","to":"X:A","src":"me","data":1,"to":["X:A"]}',
    ):
        with pytest.raises(Rejected) as caught:
            decode_entry(entry(odd))
        assert caught.value.reason is Reason.BAD_MESSAGE


def test_a_to_of_any_kind_is_no_fault_of_a_message_without_a_route() -> None:
    assert decode(b'{"to":[7],"type":"quote","src":"me","data":null}').type == "quote"
