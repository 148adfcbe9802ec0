"""A message is checked when it is made; the form in which a stream has it is read as strictly."""

from typing import Any

import pytest

from tcelib.queue.error import MessageError
from tcelib.queue.form import MOST_FIELDS, HeaderForm
from tcelib.queue.message import LONGEST_NAME, LONGEST_VALUE, MOST_HEADERS, DeadLetter, Delivery, Message
from tcelib.queue.name import checked_name

FORM = HeaderForm()


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ({"body": "text"}, "body: not bytes but str"),
        ({"body": bytearray()}, "body: not bytes but bytearray"),
        ({"headers": [("a", "b")]}, "headers: not a mapping but list"),
        ({"headers": {str(n): "" for n in range(MOST_HEADERS + 1)}}, "headers: 65 of them; allowed are 64"),
        ({"headers": {"to": 1}}, "header 'to': not text but int"),
        ({"headers": {"to": b"x"}}, "header 'to': not text but bytes"),
        ({"headers": {"to": None}}, "header 'to': not text but NoneType"),
        ({"headers": {7: "x"}}, "the name of header 7: not text but int"),
        ({"headers": {"": "x"}}, "the name of header '': empty, or with"),
        ({"headers": {"a\nb": "x"}}, r"the name of header 'a\\nb': empty, or with"),
        ({"headers": {"a" * (LONGEST_NAME + 1): "x"}}, "129 characters; allowed are 128"),
        ({"headers": {"a": "x" * (LONGEST_VALUE + 1)}}, "header 'a': 8193 characters; allowed are 8192"),
        ({"headers": {"a": "\ud800"}}, "header 'a': has half of a surrogate pair"),
        ({"expires": "soon"}, "expires: not a number of seconds but str"),
        ({"expires": True}, "expires: not a number of seconds but bool"),
        ({"expires": float("nan")}, "expires: nan is no moment"),
        ({"expires": float("inf")}, "expires: inf is no moment"),
        ({"expires": -1}, "expires: -1 is no moment"),
        ({"expires": 10**5_000}, "expires: a number of that size is no moment"),
        ({"expires": 1e300}, r"expires: 1e\+300 is no moment"),
    ],
)
def test_a_bad_part_is_named(parts: dict[str, Any], place: str) -> None:
    with pytest.raises(MessageError, match=place):
        Message(**{"body": b"", **parts})


def test_the_headers_of_a_message_do_not_change() -> None:
    headers = {"to": "me"}
    message = Message(b"x", headers)
    headers["to"] = "you"
    assert message.headers == {"to": "me"}
    with pytest.raises(TypeError):
        message.headers["to"] = "you"  # type: ignore[index]


def test_a_message_expires_at_its_moment_and_not_before() -> None:
    message = Message(b"x", expires=10.0)
    assert [message.is_expired(now) for now in (9.99, 10.0, 11.0)] == [False, True, True]
    assert not Message(b"x").is_expired(1e12)


def test_a_delivery_has_id_and_body_of_its_message() -> None:
    delivery = Delivery(Message(b"x", id="1-1"), 2)
    assert (delivery.id, delivery.body) == ("1-1", b"x")


def encoded(fields: tuple[str | bytes | int, ...]) -> list[bytes]:
    """Encode fields as Redis gives them back."""
    return [part if isinstance(part, bytes) else str(part).encode() for part in fields]


@pytest.mark.parametrize(
    "message",
    [
        Message(b"", id="1-1"),
        Message(bytes(range(256)), {"body": "no body", "expires": "no", "Grüße": "你好\n\0"}, 1234.567, "1-1"),
        Message(b"x", {f"name {n}": "v" * n for n in range(MOST_HEADERS)}, 0.0, "1-1"),
    ],
)
def test_an_entry_says_all_of_a_message(message: Message) -> None:
    assert FORM.message("1-1", encoded(FORM.fields(message))) == message


def test_an_entry_is_plain_fields() -> None:
    message = Message(b"{}", {"to": "me"}, 1.5)
    assert encoded(FORM.fields(message)) == [b"body", b"{}", b"expires", b"1500", b"h:to", b"me"]
    letter = DeadLetter(message, "bad", "no such item", 2.25)
    head = [b"reason", b"bad", b"detail", b"no such item", b"at", b"2250"]
    assert encoded(FORM.letter_fields(letter)) == head + encoded(FORM.fields(message))


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ([b"text", b"x"], "entry: no field body"),
        ([b"body", b"x", b"body", b"y"], "entry: a field comes twice"),
        ([b"body", b"x", b"expires", b"soon"], "expires: b'soon' is no number of milliseconds"),
        ([b"body", b"x", b"expires", b"-1"], "expires: b'-1' is no number"),
        ([b"body", b"x", b"expires", b"9" * 16], "is no moment"),
        ([b"body", b"x", b"h:to", b"\xff"], r"header b'\\xff': no UTF-8"),
        ([b"body", b"x", b"h:", b"y"], "the name of header ''"),
        ([b"x%d" % n for n in range(2 * MOST_FIELDS + 2)], "entry: 67 fields; allowed are 66"),
    ],
)
def test_an_entry_that_is_no_message_is_told_apart(fields: list[bytes], fault: str) -> None:
    with pytest.raises(MessageError, match=fault):
        FORM.message("1-1", fields)


def test_fields_of_later_versions_are_left_out() -> None:
    assert FORM.message("1-1", [b"body", b"x", b"priority", b"9"]) == Message(b"x", id="1-1")


@pytest.mark.parametrize("name", ["", "a b", "{a}", "a\n", "a" * 129, 7, None, b"queue"])
def test_a_name_that_is_no_key_is_refused(name: object) -> None:
    with pytest.raises(MessageError, match="the name of a queue: "):
        checked_name(name)


def test_an_error_repeats_only_the_beginning_of_a_bad_name() -> None:
    with pytest.raises(MessageError) as caught:
        Message(b"x", {"n" * 1_000_000: "x"})
    assert len(str(caught.value)) < 200


def test_a_dead_letter_may_say_anything() -> None:
    letter = DeadLetter(Message(b"x"), "\ud800", "d" * 1_000_000, 0.0)
    fields = FORM.letter_fields(letter)
    assert fields[:2] == ("reason", b"?")
    assert fields[3] == b"d" * 8_192
    assert FORM.letter_fields(letter._replace(detail=ValueError("no")))[3] == b"no"  # type: ignore[arg-type]
