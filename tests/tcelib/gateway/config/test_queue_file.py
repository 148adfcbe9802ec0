"""config.yml is read by the safe loader, and everything that is wrong with it is told at once, with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tcelib.gateway.config.finding import Severity
from tcelib.gateway.config.model import EndPoint, EndPointType, QueueFile, Section
from tcelib.gateway.config.queue_file import read_queue_file
from tcelib.gateway.config.yaml_node import MOST_BYTES
from tcelib.queue.address import Address, Create
from tests.tcelib.gateway.config.services_text import EXAMPLE

COMMON = "common_defs: {endpoints: [{name: a, type: mq}, {name: b, type: mq}, {name: s, type: socket, port: 1}]}\n"


def told(text: str | bytes) -> list[str]:
    data = text.encode() if isinstance(text, str) else text
    return [str(finding) for finding in read_queue_file(data).findings]


def good(text: str) -> QueueFile:
    reading = read_queue_file(text.encode())
    assert reading.model is not None, reading.findings
    return reading.model


def test_the_example_of_the_documents_is_read_without_a_word() -> None:
    reading = read_queue_file((EXAMPLE / "config.yml").read_bytes())
    assert reading.findings == ()
    assert reading.model is not None
    assert list(reading.model.endpoints) == ["mq_gateway", "mq_server", "mq_gateway_ws"]
    text = "mq_server;{create:always,node:{type:queue,durable:true}}"
    node = Address("mq_server", durable=True, create=Create.ALWAYS)
    assert reading.model.endpoints["mq_server"] == EndPoint(
        "mq_server", EndPointType.QPID, "localhost", 5672, text, node, number=2
    )
    assert reading.model.sections["server"] == Section("server", ("mq_server",), ("mq_gateway", "mq_gateway_ws"))


def test_a_client_over_queues_has_pairs() -> None:
    text = COMMON + (
        "client:\n"
        "  endpoints: [{name: a, af_mode: af_write}, {name: b, af_mode: AF_READ}]\n"
        "  endpoint_pairs: [{call: a, return: b}]\n"
    )
    assert good(text).sections["client"] == Section("client", ("b",), ("a",), {"a": "b"})


def test_anchors_and_merges_are_followed_and_ones_own_keys_come_first() -> None:
    text = (
        "common_defs:\n"
        "  endpoints:\n"
        "    - &base {name: a, type: stream, host: localhost}\n"
        "    - {<<: *base, name: b}\n"
        "    - {<<: [{name: c}, *base]}\n"
    )
    found = good(text).endpoints
    assert [(each.name, each.type, each.host) for each in found.values()] == [
        ("a", "stream", "localhost"),
        ("b", "stream", "localhost"),
        ("c", "stream", "localhost"),
    ]


def test_a_mapping_that_takes_over_itself_ends() -> None:
    assert told("common_defs: &a {<<: *a, endpoints: []}\n") == []


def test_scalars_are_the_text_that_was_written() -> None:
    text = "common_defs: {endpoints: [{name: yes, type: mq, host: 1e3}, {name: 2001-12-14, type: mq, port: null}]}"
    assert [(each.name, each.host) for each in good(text).endpoints.values()] == [("yes", "1e3"), ("2001-12-14", "")]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("", ["1:1: error: the file is empty"]),
        ("a: [", ["1:5: error: no YAML: expected the node content, but found '<stream end>'"]),
        ("a: b\n---\nc: d", ["2:1: error: no YAML: but found another document"]),
        ("[" * 5_000, ["1:51: error: no YAML: lists and mappings too deep within one another"]),
        ("- " * 5_000, ["1:1: error: no YAML: lists and mappings too deep within one another"]),
        ("\x01", None),
        (b"\xff\xfe\xfd", None),
        ("x" * (MOST_BYTES + 1), [f"1:1: error: {MOST_BYTES + 1} bytes; at most {MOST_BYTES} are read"]),
        ("- a", ["1:1: error: the file is a mapping: lines of key: value", "1:1: error: there is no common_defs"]),
        ("common_defs:", ["1:13: error: common_defs has no endpoints"]),
        ("common_defs: {endpoints: {}}", ["1:26: error: common_defs.endpoints is a list: lines that begin with -"]),
        (
            "common_defs: {endpoints: [{name: [a], type: mq}]}",
            [
                "1:27: error: an endpoint has no name",
                "1:34: error: name is a text, not a list or a mapping",
            ],
        ),
        ("common_defs: {endpoints: [], endpoints: []}", ["1:30: error: 'endpoints' a second time in common_defs"]),
        ("common_defs: {endpoints: [], [a]: b}", ["1:30: error: a key of common_defs is a text"]),
        ("common_defs: {endpoints: [], <<: b}", ["1:34: error: << takes over mappings only"]),
        (
            "common_defs: {endpoints: !!python/tuple []}",
            ["1:26: error: unknown tag 'tag:yaml.org,2002:python/tuple'"],
        ),
        ("common_defs: {endpoints: [{name: !x a, type: mq}]}", ["1:34: error: unknown tag '!x'"]),
    ],
)
def test_a_mistake_has_a_place(text: str | bytes, findings: list[str] | None) -> None:
    found = told(text)
    assert found == findings if findings is not None else len(found) == 1
    assert all("error: " in each for each in found)


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("colour: {}", "2:9: warning: 'colour' has no endpoints: a program of this name reads nothing"),
        ("p: {endpoints: [], x: 1}", "2:23: warning: unknown key 'x' in p"),
        ("p: {endpoints: [{name: z}]}", "error: name: no endpoint is called 'z'"),
        ("p: {endpoints: [{name: s, af_mode: AF_READ}]}", "error: name: 's' is a socket, not a queue"),
        (
            "p: {endpoints: [{name: a, af_mode: AF_BOTH}]}",
            "warning: af_mode is AF_READ or AF_WRITE; 'AF_BOTH' counts as AF_READ",
        ),
        (
            "p: {endpoints: [{name: a, af_mode: AF_READ}, {name: a, af_mode: AF_WRITE}]}",
            "error: a second 'a': a queue is read or written, not both",
        ),
        (
            "p: {endpoints: [{name: a, af_mode: AF_WRITE}], endpoint_pairs: [{call: a, return: b}]}",
            "error: return: 'b' is no endpoint with AF_READ of this program",
        ),
        ("p: {endpoints: [], endpoint_pairs: [{call: a}]}", "error: a pair has no return"),
    ],
)
def test_a_program_is_checked(text: str, finding: str) -> None:
    assert any(each.endswith(finding) for each in told(COMMON + text)), told(COMMON + text)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    reading = read_queue_file(data)
    assert (reading.model is None) is any(each.severity is Severity.ERROR for each in reading.findings)


KEYS = st.sampled_from(["common_defs", "endpoints", "endpoint_pairs", "name", "type", "call", "<<", "af_mode", "x"])
VALUES = st.sampled_from(["a", "mq", "AF_WRITE", "&a [1]", "*a", "[]", "{}", "~", "!x y", "'", "a;{create:always}"])
LINES = st.builds("{}{}{}: {}".format, st.sampled_from(["", "  ", "    "]), st.sampled_from(["", "- "]), KEYS, VALUES)


@given(st.lists(LINES, max_size=12))
def test_any_order_of_lines_is_read_or_refused(lines: list[str]) -> None:
    reading = read_queue_file("\n".join(lines).encode())
    assert (reading.model is None) is any(each.severity is Severity.ERROR for each in reading.findings)
    assert all(each.place.line >= 1 and each.place.column >= 1 for each in reading.findings)
