"""The bytes in docs/tce/wire.md, spoken by a bare socket to the tutorial's client and server."""

import socket
from xml.etree import ElementTree

from tcelib import error
from tcelib.wire.message import HEADER_BYTES
from tests.docs.document import blocks, code, table
from tests.docs.tce.workshop import TUTORIAL, WIRE, Workshop

TCP = "16005"
SECONDS = 30.0


def packet(info: str) -> bytes:
    """The bytes in the left column of an example."""
    [text] = blocks(WIRE, info)
    return bytes.fromhex("".join(line.split("|")[0] for line in text.splitlines()))


def receive(sock: socket.socket, size: int) -> bytes:
    sock.settimeout(SECONDS)
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        assert part, data
        data += part
    return data


def field_rows() -> list[list[str]]:
    return [
        *table(WIRE, "field", "bytes", "value"),
        *table(WIRE, "field", "bytes", "in a call", "in an answer"),
    ]


def test_the_server_answers_the_call_shown_with_the_answer_shown(workshop: Workshop) -> None:
    call, answer = packet("text call"), packet("text answer")
    with (
        workshop.serving("python server.py", TCP),
        socket.create_connection(("127.0.0.1", workshop.ports[TCP])) as sock,
    ):
        sock.sendall(call)
        assert receive(sock, len(answer)) == answer


def test_the_client_sends_the_call_shown_and_reads_the_answer_shown(workshop: Workshop) -> None:
    call, answer = packet("text call"), packet("text answer")
    with socket.create_server(("127.0.0.1", workshop.ports[TCP])) as listener:
        listener.settimeout(SECONDS)
        client = workshop.start("python client.py")
        sock, _ = listener.accept()
        with sock:
            assert receive(sock, len(call)) == call
            sock.sendall(answer)
            assert client.communicate(timeout=SECONDS) == ("hello\n", "")


def test_the_fields_in_the_tables_add_up_to_the_header() -> None:
    assert sum(int(row[1]) for row in field_rows() if row[1].isdigit()) == HEADER_BYTES


def test_the_drawing_has_the_fields_of_the_tables() -> None:
    drawing = ElementTree.parse(WIRE.with_name("wire.svg"))
    words = {element.text for element in drawing.iter() if element.get("class") == "name"}
    assert {code(row[0]) for row in field_rows()} - {""} <= words


def test_the_tutorial_lists_every_error_number() -> None:
    rows = table(TUTORIAL, "number", "name", "when")
    assert {int(row[0]): row[1].strip("`") for row in rows} | {0: "RPCERROR_SUCC"} == error.NAMES
