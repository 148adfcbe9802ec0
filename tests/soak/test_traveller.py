"""A travelling client's verdict on the messages it hears, and the sum of a play's notes."""

import asyncio
from typing import Any

import pytest

from soak.rolling import report_on
from soak.traveller import Notes, Traveller, client_frame, read_frame
from tests.websocket_client import MASK, masked

KIND = "n"


def pushed(number: int, offset: str = "", kind: str = KIND) -> dict[str, Any]:
    return {"type": kind, "data": number, "offset": offset or f"1000-{number}"}


def arrive(notes: Notes) -> dict[str, Any]:
    """Be let in; the answer's data."""
    answer = notes.on_message({"type": "userinfo", "data": {}})
    assert answer is not None
    assert answer["type"] == "resume"
    data: dict[str, Any] = answer["data"]
    return data


def resumed(count: int) -> dict[str, Any]:
    return {"type": "resumed", "data": {"count": count}}


def test_a_new_page_has_no_offset_and_the_next_connection_has_the_last_one() -> None:
    notes = Notes(KIND)
    assert arrive(notes) == {"offset": None}
    notes.on_message(resumed(0))
    notes.on_message(pushed(7))
    assert arrive(notes) == {"offset": "1000-7"}


def test_what_is_live_waits_for_what_was_missed_and_nothing_comes_twice() -> None:
    notes = Notes(KIND)
    arrive(notes)
    for message in (pushed(3), pushed(1), pushed(2), pushed(3)):
        notes.on_message(message)
    assert notes.numbers == []
    notes.on_message(resumed(2))
    notes.on_message(pushed(3))
    notes.on_message(pushed(4))
    assert notes.numbers == [1, 2, 3, 4]
    assert notes.resumed == 2


def test_offsets_are_numbers_and_no_texts() -> None:
    notes = Notes(KIND)
    arrive(notes)
    notes.on_message(resumed(0))
    for number, offset in enumerate(("999-1", "1000-9", "1000-10")):
        notes.on_message(pushed(number, offset))
    assert notes.numbers == [0, 1, 2]


def test_other_messages_move_the_offset_and_are_no_numbers() -> None:
    notes = Notes(KIND)
    arrive(notes)
    notes.on_message(resumed(0))
    notes.on_message(pushed(1, kind="notice"))
    notes.on_message({"type": "pong", "data": 5})
    assert notes.numbers == []
    assert arrive(notes) == {"offset": "1000-1"}


def test_it_is_live_between_the_end_of_its_resume_and_the_word_to_go() -> None:
    notes = Notes(KIND)
    assert not notes.is_live
    arrive(notes)
    assert not notes.is_live
    notes.on_message(resumed(0))
    assert notes.is_live
    notes.on_message({"type": "reconnect", "data": {"after_ms": 250}})
    assert not notes.is_live
    assert notes.after_ms == 250


def test_what_is_gone_is_noted() -> None:
    notes = Notes(KIND)
    arrive(notes)
    notes.on_message({"type": "resume_lost", "data": {"count": 3, "offset": None, "reason": "trimmed"}})
    assert (notes.lost, notes.resumed, notes.is_live) == (1, 3, True)


def test_a_frame_of_ours_is_a_clients_frame() -> None:
    assert client_frame(0x81, b"hello") == masked(1, b"hello", mask=bytes(4))
    assert bytes(4) != MASK


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_a_servers_frame_of_any_length_is_read(length: int) -> None:
    size = bytes((length,)) if length < 126 else b""
    if not size:
        size = b"\x7e" + length.to_bytes(2, "big") if length < 65_536 else b"\x7f" + length.to_bytes(8, "big")

    async def read() -> list[tuple[int, bytes]]:
        reader = asyncio.StreamReader()
        reader.feed_data(b"\x81" + size + b"x" * length + b"\x88\x00")
        return [await read_frame(reader), await read_frame(reader)]

    assert asyncio.run(read()) == [(0x81, b"x" * length), (0x88, b"")]


def traveller(numbers: list[int], *comings: float) -> Traveller:
    one = Traveller(1, "", KIND, lambda: 0.0)
    one.notes.numbers = numbers
    one.comings = list(comings)
    return one


def test_the_report_counts_what_is_missing_what_is_double_and_what_is_out_of_order() -> None:
    all_well = traveller([0, 1, 2, 3], 1.0, 10.0)
    gap = traveller([0, 3], 1.0, 10.9)
    mess = traveller([0, 2, 1, 2, 3], 1.0, 12.5)
    report = report_on([all_well, gap, mess], 4, 3.0, 0, 1.234)
    assert (report.lost, report.doubled, report.out_of_order) == (2, 1, 1)
    assert report.returns_by_second == [2, 0, 1]
    assert (report.returns, report.max_over_average, report.exit_seconds) == (3, 2.0, 1.23)
    assert not report.is_complete
    assert report_on([all_well], 4, 3.0, 0, 1.0).is_complete
    assert not report_on([all_well], 4, 3.0, 1, 1.0).is_complete


def test_failures_to_come_in_are_counted_by_what_they_were() -> None:
    one, other = traveller([0], 1.0, 2.0), traveller([0], 1.0, 2.0)
    one.failures += ["ConnectionResetError: reset", "ConnectionRefusedError: refused"]
    other.failures.append("ConnectionResetError: reset")
    report = report_on([one, other], 1, 1.0, 0, 1.0)
    assert report.failures == {"ConnectionResetError: reset": 2, "ConnectionRefusedError: refused": 1}
    assert report.is_complete
