"""An address is read as Qpid's clients read it, and a mistake in one has a place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcelib.queue.address import DEEPEST, LONGEST_ADDRESS, Address, Create, NodeType, parse_address
from tcelib.queue.error import AddressError

QUEUE, TOPIC = NodeType.QUEUE, NodeType.TOPIC


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("mq_server", Address("mq_server")),
        (
            "mq_server;{create:always,node:{type:queue,durable:true}}",
            Address("mq_server", durable=True, create=Create.ALWAYS),
        ),
        (
            "events;{create:always,node:{type:topic,durable:false}}",
            Address("events", type=TOPIC, create=Create.ALWAYS),
        ),
        ("amq.topic/usa.news", Address("amq.topic", "usa.news")),
        ("'/queue/a b'", Address("/queue/a b")),
        ("\"it's\"/'a/b;c' ; {}", Address("it's", "a/b;c")),
        (r"'a\'b\\c'", Address(r"a'b\c")),
        ("plain'/slash'tail", Address("plain/slashtail")),
        (
            " mq_server ; { create : sender , node : { durable : True , type : 'topic' , } , } ",
            Address("mq_server", type=TOPIC, durable=True, create=Create.SENDER),
        ),
        (
            "a;{link:{x-subscribe:{n:[1,-2.5,'x',{},],}},mode:browse,node:{x-declare:{arguments:{'qpid.size':1}}}}",
            Address("a", not_read=("link", "mode", "node.x-declare")),
        ),
    ],
)
def test_an_address_is_name_subject_and_options(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", 0, "no name"),
        ("  ;{}", 2, "no name"),
        ("/queue/x", 0, "a name that begins with a slash stands in quotes"),
        ("a/b/c", 3, "a second slash; names with slashes stand in quotes"),
        ("'open", 0, "a quote that is never closed"),
        ("a'open", 1, "a quote that is never closed"),
        ("a;", 2, "options are a map: {create:always}"),
        ("a;create:always", 2, "options are a map: {create:always}"),
        ("a;{create}", 9, "a colon is expected behind 'create'"),
        ("a;{create:}", 10, "a value is expected"),
        ("a;{create:often}", 3, "create is one of always, sender, receiver, never"),
        ("a;{create:1}", 3, "create is one of always, sender, receiver, never"),
        ("a;{create:always", 16, "a comma or } is expected"),
        ("a;{create:always node:{}}", 17, "a comma or } is expected"),
        ("a;{create:always}}", 17, "something behind the options"),
        ("a;{create:always,create:never}", 17, "option 'create' a second time"),
        ("a;{,}", 3, "an option's name is expected"),
        ("a;{node:queue}", 3, "node is a map: {type:queue,durable:true}"),
        ("a;{node:{type:exchange}}", 9, "node.type is one of queue, topic"),
        ("a;{node:{durable:yes}}", 9, "node.durable is true or false"),
        ("a;{durable:true}", 3, "unknown option 'durable'"),
        ("a;{node:{size:1}}", 9, "unknown option 'node.size'"),
        ("a;{link:[1 2]}", 11, "a comma or ] is expected"),
        ('a;{link: "x}', 9, "a quote that is never closed"),
        ("a;{link:  #}", 10, "a character that opens nothing"),
        ("a" * (LONGEST_ADDRESS + 1), LONGEST_ADDRESS, f"longer than {LONGEST_ADDRESS} characters"),
        ("a;{link:" + "[" * DEEPEST, 7 + DEEPEST, f"more than {DEEPEST} maps and lists within one another"),
    ],
)
def test_a_mistake_has_a_place_and_a_reason(text: str, at: int, reason: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert (caught.value.at, caught.value.reason) == (at, reason)
    assert str(caught.value) == f"{text!r}, character {at + 1}: {reason}"


@pytest.mark.parametrize(
    ("create", "may_reader", "may_writer"),
    [("always", True, True), ("receiver", True, False), ("sender", False, True), ("never", False, False)],
)
def test_create_names_the_sides_that_may_make_a_node(create: str, may_reader: bool, may_writer: bool) -> None:
    address = parse_address(f"a;{{create:{create}}}")
    assert (address.may_create(reads=True), address.may_create(reads=False)) == (may_reader, may_writer)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(
    name=st.text(min_size=1, max_size=40),
    subject=st.text(max_size=40),
    type_=st.sampled_from(NodeType),
    durable=st.booleans(),
    create=st.sampled_from(Create),
)
def test_whatever_is_quoted_comes_back(
    name: str, subject: str, type_: NodeType, durable: bool, create: Create
) -> None:
    node = f"{{'type':{type_},durable:{str(durable).lower()}}}"
    text = f"{quoted(name)}/{quoted(subject)};{{create:{create},node:{node}}}"
    assert parse_address(text) == Address(name, subject, type_, durable, create)


def outcome(text: str) -> Address | AddressError:
    try:
        return parse_address(text)
    except AddressError as error:
        return error


@given(st.text(max_size=60) | st.text(alphabet="ab{}[]:;,'\"\\/ 1.", max_size=60))
def test_any_text_is_an_address_or_has_a_mistake_inside(text: str) -> None:
    found = outcome(text)
    assert found.name if isinstance(found, Address) else (0 <= found.at <= len(text) and found.reason)
