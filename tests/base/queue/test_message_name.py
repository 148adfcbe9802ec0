import pytest

from rtserver.base.queue.message_name import NAME_LENGTH, maybe_name_in
from rtserver.base.queue.signature import Signer


def named(name: str, src: str = '"feed"', data: str = "1") -> bytes:
    """A message with an id; all are given as JSON."""
    return f'{{"type":"n","src":{src},"data":{data},"id":{name}}}'.encode()


def test_a_name_has_twenty_bytes_however_long_the_id_is() -> None:
    assert {len(maybe_name_in(named(name)) or b"") for name in ("1", f'"{"x" * 10_000}"')} == {NAME_LENGTH}


def test_the_same_source_and_id_are_the_same_name_whatever_else_a_message_says() -> None:
    assert maybe_name_in(named("1")) == maybe_name_in(named("1", data='{"id":7}'))
    assert maybe_name_in(b'{"id":1,"src":"feed"}') == maybe_name_in(named("1"))


@pytest.mark.parametrize("place", ["first", "last", "behind a long body"])
def test_only_the_id_of_the_message_itself_counts_wherever_it_stands(place: str) -> None:
    data = f'{{"id":"inner","text":"{"x" * 100_000}"}}' if place == "behind a long body" else '{"id":"inner"}'
    parts = ['"src":"feed"', f'"data":{data}']
    parts.insert(0 if place == "first" else len(parts), '"id":"outer"')
    assert maybe_name_in(f"{{{','.join(parts)}}}".encode()) == maybe_name_in(named('"outer"'))


def test_an_id_belongs_to_its_source_and_a_number_is_no_text() -> None:
    different = [named("1"), named("1", '"other"'), named('"1"'), named('"n1"'), named("-1"), named('"\\n"')]
    assert len({maybe_name_in(raw) for raw in different}) == len(different)
    assert maybe_name_in(named('"bc"', '"a"')) != maybe_name_in(named('"c"', '"ab"'))


def test_a_message_that_is_signed_again_later_has_the_name_that_it_had() -> None:
    at_noon, later = (Signer("a secret of the shop", seconds=60, now=lambda now=now: now) for now in (1e9, 1e9 + 5))
    names = [maybe_name_in(signer.sign(named("1"))) for signer in (at_noon, later)]
    assert names[0] == names[1] is not None
    assert names[0] not in (maybe_name_in(named("1")), maybe_name_in(Signer("a secret of the shop").sign(named("1"))))


def test_a_number_is_the_same_however_it_is_written() -> None:
    assert len({maybe_name_in(named(text)) for text in ("10", "1e1", "10.0")}) == 1
    assert len({maybe_name_in(named(text)) for text in ("0", "-0", "0.0", "-0.0")}) == 1


def test_integers_are_told_apart_however_large_they_are() -> None:
    large = [named(str(2**53 + extra)) for extra in range(4)] + [named("9" * 100), named("9" * 99 + "8")]
    names = {maybe_name_in(raw) for raw in large}
    assert len(names) == len(large)
    assert None not in names


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"n","src":"feed","data":1}',
        b'{"type":"n","src":"feed","data":{"id":1}}',
        b'{"type":"n","data":1,"id":1}',
        named("1", "5"),
        named("null"),
        named("true"),
        named('""'),
        named("[1]"),
        named('{"id":1}'),
        named("1.5"),
        named("9007199254740992.0"),
        named("1e400"),
        named("1" * 5_000),
        named("1") + b"}",
        named("1", data="[" * 5_000 + "]" * 5_000),
        b'["id"]',
        b'"id"',
        b"",
        b"\xff",
        b'sha256=zz {"src":"feed","id":1}',
    ],
)
def test_what_has_no_certain_id_has_no_name(raw: bytes) -> None:
    assert maybe_name_in(raw) is None


@pytest.mark.parametrize(("depth", "has_name"), [(890, True), (910, False)])
def test_how_deep_a_message_with_a_name_may_be_is_the_same_on_every_python(depth: int, has_name: bool) -> None:
    assert (maybe_name_in(named("1", data="[" * depth + "]" * depth)) is not None) == has_name


def test_a_signature_is_part_of_the_name() -> None:
    message = named("1")
    different = [message, Signer("one").sign(message), Signer("other").sign(message)]
    assert len({maybe_name_in(raw) for raw in different}) == 3
