import hashlib

import pytest

from rtserver.base.queue.port import Entry
from rtserver.base.queue.signature import Signer
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.limits import message_bounds
from rtserver.service.message import Bounds, encode
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.dispatcher import DuplicateTypeError, ServiceMessageDispatcher
from rtserver.service.pipeline.lane import Lane
from rtserver.service.selective import SelectiveMsgHandler
from tests.service_fakes import Recorder, Surroundings


class Other(Recorder):
    msg_type = "other"


def entries(*raws: bytes) -> list[Entry]:
    return [Entry(f"1-{number}", raw) for number, raw in enumerate(raws, 1)]


def test_each_message_goes_to_the_lane_of_its_type_in_order() -> None:
    dead_letters = DeadLetters()
    one, other = (Lane(handler, dead_letters) for handler in (Recorder(), Other()))
    dispatcher = ServiceMessageDispatcher([one, other], dead_letters)
    dispatcher.dispatch(
        dispatcher.open(entries(*(encode(name, "me", n) for n, name in enumerate(("number", "other", "number")))))
    )
    for lane in (one, other):
        lane.work()
    assert [lane.handler.numbers for lane in (one, other)] == [[0, 2], [1]]  # type: ignore[attr-defined]
    assert len(dead_letters) == 0


class Picky(SelectiveMsgHandler):
    msg_type = "picky"

    def wants(self, entry: Entry) -> bool:
        return entry.to == b"wanted"


@pytest.mark.parametrize("is_choosing", [False, True])
def test_what_somebody_here_waits_for_is_counted_whether_the_handler_chooses_or_not(is_choosing: bool) -> None:
    handler = Picky(Surroundings().context)
    handler.is_choosing = is_choosing
    lanes = [Lane(Recorder(), DeadLetters()), Lane(handler, DeadLetters())]
    dispatcher = ServiceMessageDispatcher(lanes, DeadLetters())
    routes = ["wanted", "other", "other", ""]
    routed = [
        Entry(f"1-{number}", encode("picky", "", 1), b"picky" if to else b"", to.encode())
        for number, to in enumerate(routes, 1)
    ]
    opened = dispatcher.open([*entries(encode("number", "me", 7), b"{"), *routed])
    assert dispatcher.count_wanted(opened) == 4


@pytest.mark.parametrize("is_patient", [False, True])
def test_messages_that_are_patient_are_not_counted_with_a_route_or_without(
    is_patient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recorder, "is_patient", is_patient)
    dispatcher = ServiceMessageDispatcher([Lane(Recorder(), DeadLetters())], DeadLetters())
    routed = Entry("1-2", b'{"type":"number","to":"7","src":"me","data":7}', b"number", b"7")
    opened = dispatcher.open([Entry("1-1", encode("number", "me", 7)), routed, Entry("1-3", b"{")])
    assert dispatcher.count_wanted(opened) == (1 if is_patient else 3)


def test_what_has_no_lane_is_rejected_and_the_next_message_is_not() -> None:
    dead_letters = DeadLetters()
    lane = Lane(Recorder(), dead_letters)
    bad = [b"{", b"[]", encode("nobody", "feed-1", 1)]
    dispatcher = ServiceMessageDispatcher([lane], dead_letters)
    dispatcher.dispatch(dispatcher.open(entries(*bad, encode("number", "me", 7))))
    letters = dead_letters.peek(10)
    assert [letter.reason for letter in letters] == ["bad_json", "bad_message", "unknown_type"]
    assert [letter.raw for letter in letters] == bad
    assert letters[2].src == "feed-1"
    assert "'nobody'" in letters[2].detail
    assert len(lane) == 1


def test_what_is_not_signed_reaches_no_lane_and_is_kept_as_it_came() -> None:
    dead_letters, signer = DeadLetters(), Signer("the secret")
    lane = Lane(Recorder(), dead_letters, signer=signer)
    good, bad = signer.sign(encode("number", "me", 1)), encode("number", "me", 2)
    dispatcher = ServiceMessageDispatcher([lane], dead_letters, signer)
    dispatcher.dispatch(dispatcher.open(entries(good, bad)))
    lane.work()
    assert lane.handler.numbers == [1]  # type: ignore[attr-defined]
    [letter] = dead_letters.peek(10)
    assert (letter.reason, letter.raw) == ("bad_signature", bad)


def test_what_is_too_large_or_nested_too_deeply_is_rejected() -> None:
    dead_letters = DeadLetters()
    lane = Lane(Recorder(), dead_letters)
    deep = b'{"type":"number","src":"me","data":' + b"[" * 10 + b"]" * 10 + b"}"
    bad = [deep, encode("number", "me", "x" * 1000)]
    bounds = Bounds(bytes=1000, depth=10)
    dispatcher = ServiceMessageDispatcher([lane], dead_letters, bounds=bounds)
    dispatcher.dispatch(dispatcher.open(entries(*bad, b"[" * 1000, encode("number", "me", 7))))
    letters = dead_letters.peek(10)
    assert [letter.reason for letter in letters] == ["bad_json", "bad_message", "bad_json"]
    assert [letter.raw for letter in letters[:2]] == bad
    assert [letter.bytes for letter in letters] == [0, 1038, 0]
    assert letters[1].sha256 == hashlib.sha256(bad[1]).hexdigest()
    assert [letter.detail for letter in letters[:2]] == ["nested more than 10 deep", "1038 bytes; allowed are 1000"]
    assert len(lane) == 1


def test_what_is_slow_to_decode_is_rejected() -> None:
    dead_letters = DeadLetters()
    lane = Lane(Recorder(), dead_letters)
    slow = [b'{"type":"number","src":"me","data":[%b]}' % b",".join([b"1e308"] * count) for count in (64, 65)]
    bounds = message_bounds(Config())
    dispatcher = ServiceMessageDispatcher([lane], dead_letters, bounds=bounds)
    opened = dispatcher.open(entries(*slow))
    dispatcher.dispatch(opened)
    assert [(letter.reason, letter.raw) for letter in dead_letters.peek(9)] == [("bad_json", slow[1])]
    assert "more than 64 numbers" in dead_letters.peek(1)[0].detail
    assert len(lane) == 1
    behind = Lane(Recorder(), dead_letters, bounds=bounds)
    assert behind.open([entry for entry, _ in opened]) == [opened[0]]


def test_two_handlers_for_one_type_are_refused_with_both_names() -> None:
    class Rival(Recorder):
        pass

    with pytest.raises(DuplicateTypeError, match=r"service_fakes\.Recorder and .*Rival both handle.*'number'"):
        ServiceMessageDispatcher([Lane(Recorder(), DeadLetters()), Lane(Rival(), DeadLetters())], DeadLetters())


def test_what_no_lane_takes_can_be_rejected_once_more_without_handling_the_rest_again() -> None:
    dead_letters = DeadLetters()
    lane = Lane(Recorder(), dead_letters)
    dispatcher = ServiceMessageDispatcher([lane], dead_letters)
    dispatcher.reject(dispatcher.open(entries(encode("number", "me", 1), b"{", encode("nobody's", "me", 2))))
    assert [letter.reason for letter in dead_letters.peek(10)] == ["bad_json", "unknown_type"]
    assert len(lane) == 0
