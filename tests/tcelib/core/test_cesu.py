"""Values for the original JavaScript client: the same ones, in CESU-8."""

from collections.abc import Iterator

import pytest

from tcelib.core.cesu import halved
from tcelib.wire.text import HalvedText
from tests.tcelib.peer import ECHO, Calculator, CalculatorPrx, MemoryTransport, exchange, open_connection
from tests.tcelib.tmake.python_case import python_of

FACE = b"\xed\xa0\xbd\xed\xb8\x80"
IDL = """module m {
    struct Inner { string text; int number; };
    sequence<Inner> List;
    dictionary<string, string> Map;
    struct Outer { List list; Map map; string plain; };
}"""


@pytest.mark.parametrize("value", [1, None, b"\xf0\x9f\x98\x80", "plain 你", ["a", ["b"]], {"a": "b"}, (1, "x")])
def test_what_makes_no_difference_is_left_as_it_is(value: object) -> None:
    assert halved(value) is value


@pytest.mark.parametrize("value", ["😀", ["a", "😀"], {"😀": 1}, {"a": ["😀"]}, ("😀", 1)])
def test_texts_are_found_wherever_they_are(value: object) -> None:
    found = halved(value)
    assert found == value
    assert "HalvedText" in str([type(part) for part in walk(found)])


def walk(value: object) -> Iterator[object]:
    yield value
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    for part in parts if isinstance(parts, (list, tuple)) else ():
        yield from walk(part)


def test_a_struct_is_copied_and_the_servants_own_is_not_touched() -> None:
    module = python_of(IDL)
    own = module.Outer(list=[module.Inner(text="😀", number=5)], map={"k": "😀"}, plain="p")
    written = module._write_Outer(halved(own))
    assert written.count(FACE) == 2
    assert module._read_Outer(written, 0)[0] == own
    assert type(own.list[0].text) is type(own.map["k"]) is str
    assert isinstance(halved(own).list[0].text, HalvedText)


def test_results_and_calls_are_written_so_when_the_peer_is_known_and_not_before() -> None:
    client, server = open_connection(), open_connection(servant=Calculator())
    promise = client.call(ECHO, ("😀",))
    exchange(client, server)
    assert promise.result() == "😀"

    server.speak_cesu8()
    client.call(ECHO, ("😀",))
    server.receive(client.transport.take())
    assert server.transport.packets[-1].endswith(FACE)

    server.transport.take()
    CalculatorPrx(server).note_oneway("😀")
    CalculatorPrx(server).echo_async("😀")
    assert [packet.endswith(FACE) for packet in server.transport.packets] == [True, True]


def test_servants_that_come_later_are_served_so_too() -> None:
    server = open_connection(MemoryTransport())
    server.speak_cesu8()
    client = open_connection()
    promise = client.call(ECHO, ("😀",))
    exchange(client, server)
    assert promise.exception().errcode == 4

    adapter = open_connection(servant=Calculator()).adapter
    adapter.addConnection(server)
    client.call(ECHO, ("😀",))
    server.receive(client.transport.take())
    assert server.transport.packets[-1].endswith(FACE)
