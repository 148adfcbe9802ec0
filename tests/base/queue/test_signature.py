import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.queue.signature import SignatureError, Signer

SECRET, OTHER = "a secret of the shop's", "another one"
MESSAGE = b'{"type":"notice","src":"me","data":1}'
SIGNED = b"sha256=" + hmac.new(SECRET.encode(), MESSAGE, "sha256").hexdigest().encode() + b" " + MESSAGE


def test_a_signed_message_is_its_signature_and_its_bytes() -> None:
    assert Signer(SECRET).sign(MESSAGE) == SIGNED
    assert Signer(SECRET).open(SIGNED) == MESSAGE


def test_the_known_answer_of_rfc_4231_comes_out() -> None:
    signed = Signer("Jefe").sign(b"what do ya want for nothing?")
    assert signed.split(b" ")[0] == b"sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


@given(st.binary(max_size=100))
def test_any_bytes_can_be_signed_and_opened(message: bytes) -> None:
    assert message.startswith(b"ts=") or Signer(SECRET).open(Signer(SECRET).sign(message)) == message


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(place: int, change: int) -> None:
    forged = bytearray(SIGNED)
    forged[place] ^= change
    with pytest.raises(SignatureError):
        Signer(SECRET).open(bytes(forged))


@pytest.mark.parametrize("length", range(len(SIGNED)))
def test_no_byte_can_be_left_out(length: int) -> None:
    with pytest.raises(SignatureError):
        Signer(SECRET).open(SIGNED[:length])


@pytest.mark.parametrize("raw", [b"", MESSAGE, b" " + SIGNED, SIGNED.upper(), b"sha256= " + MESSAGE])
def test_what_is_signed_otherwise_or_not_at_all_is_refused(raw: bytes) -> None:
    with pytest.raises(SignatureError):
        Signer(SECRET).open(raw)


def test_the_first_secret_signs_and_all_of_them_open() -> None:
    signer = Signer(f"{OTHER}, {SECRET}")
    assert signer.open(SIGNED) == MESSAGE
    assert Signer(OTHER).open(signer.sign(MESSAGE)) == MESSAGE
    with pytest.raises(SignatureError):
        Signer(SECRET).open(signer.sign(MESSAGE))


def test_without_a_secret_everything_is_taken_and_nothing_signed() -> None:
    assert Signer().sign(MESSAGE) == MESSAGE
    assert Signer().open(MESSAGE) == MESSAGE
    assert Signer().open(SIGNED) == MESSAGE
    assert Signer().open(b"sha256=short") == b"sha256=short"


# With a time.

NOW = 1_448_010_000
TIMED = b"ts=1448010000 " + MESSAGE
SIGNED_NOW = b"sha256=" + hmac.new(SECRET.encode(), TIMED, "sha256").hexdigest().encode() + b" " + TIMED


def timed(seconds: float = 60.0, now: float = NOW + 0.9) -> Signer:
    return Signer(SECRET, seconds=seconds, now=lambda: now)


def test_a_time_is_part_of_what_is_signed() -> None:
    assert timed().sign(MESSAGE) == SIGNED_NOW
    assert timed().open(SIGNED_NOW) == MESSAGE


@pytest.mark.parametrize(("came_at", "is_good"), [(-60, True), (60, True), (-61, False), (61, False)])
def test_a_signature_is_good_for_so_long_before_and_after_its_time(came_at: int, is_good: bool) -> None:
    if is_good:
        assert timed().open(SIGNED_NOW, NOW + came_at) == MESSAGE
    else:
        with pytest.raises(SignatureError, match=r"it was signed 61 s (before|after) it came; allowed are 60 s"):
            timed().open(SIGNED_NOW, NOW + came_at)


def test_whoever_says_nothing_of_when_it_came_means_now() -> None:
    with pytest.raises(SignatureError, match="before it came"):
        timed(now=NOW + 1000).open(SIGNED_NOW)


def test_where_a_time_is_asked_for_one_without_is_refused() -> None:
    with pytest.raises(SignatureError, match="has no time"):
        timed().open(SIGNED)


@pytest.mark.parametrize("signer", [Signer(SECRET), Signer()])
def test_where_none_is_asked_for_both_are_taken_however_old(signer: Signer) -> None:
    assert [signer.open(raw, came_at=1.0) for raw in (SIGNED, SIGNED_NOW)] == [MESSAGE, MESSAGE]


@pytest.mark.parametrize("time", [b"ts=1448010001 ", b"ts=01448010000 ", b"", b"ts=1448010000  "])
def test_the_time_cannot_be_changed(time: bytes) -> None:
    with pytest.raises(SignatureError):
        timed().open(SIGNED_NOW[:72] + time + MESSAGE)


NO_TIMES = [b"ts=", b"ts= ", b"ts=x ", b"ts=-1 ", b"ts=1.5 ", b"ts=1", b"ts=1234567890123 ", b"TS=1 "]


@pytest.mark.parametrize("time", NO_TIMES)
def test_what_looks_nearly_like_a_time_is_none(time: bytes) -> None:
    raw = Signer(SECRET).sign(time + MESSAGE)
    assert Signer(SECRET).open(raw) == time + MESSAGE
    with pytest.raises(SignatureError, match="has no time"):
        timed().open(raw)


@given(st.binary(max_size=100))
def test_any_message_can_be_signed_with_a_time(message: bytes) -> None:
    if not message.startswith(b"ts="):
        assert timed().open(timed().sign(message)) == message


def test_what_was_signed_well_can_be_signed_again_later() -> None:
    later = timed(now=NOW + 10_000)
    assert later.open(later.sign_again(SIGNED_NOW)) == MESSAGE
    assert later.open(later.sign_again(SIGNED)) == MESSAGE
    forged = SIGNED_NOW[:-1] + b"?"
    assert [later.sign_again(raw) for raw in (forged, MESSAGE)] == [forged, MESSAGE]
    assert Signer(SECRET).sign_again(SIGNED) == SIGNED


def test_other_secrets_hold_from_the_next_message_on() -> None:
    signer = Signer(SECRET)
    signer.replace(f"{OTHER}, {SECRET}")
    assert signer.open(SIGNED) == MESSAGE
    assert Signer(OTHER).open(signer.sign(MESSAGE)) == MESSAGE
    signer.replace(OTHER)
    with pytest.raises(SignatureError):
        signer.open(SIGNED)


def test_a_secret_is_never_shown() -> None:
    assert SECRET not in repr(Signer(SECRET))
    assert OTHER not in repr(Signer(f"{SECRET},{OTHER}"))
    with pytest.raises(SignatureError) as caught:
        Signer(SECRET).open(MESSAGE)
    assert SECRET not in str(caught.value)
