import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtserver.base.signature import SignatureError, Signer

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
    assert Signer(SECRET).open(Signer(SECRET).sign(message)) == message


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


def test_a_secret_is_never_shown() -> None:
    assert SECRET not in repr(Signer(SECRET))
    assert OTHER not in repr(Signer(f"{SECRET},{OTHER}"))
    with pytest.raises(SignatureError) as caught:
        Signer(SECRET).open(MESSAGE)
    assert SECRET not in str(caught.value)
