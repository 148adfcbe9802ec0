import hashlib

import pytest
from service_fakes import Recorder

from rtserver.base.queue.port import Entry
from rtserver.base.queue.signature import Signer
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.limits import message_bounds
from rtserver.service.message import Bounds, encode
from rtserver.service.pipeline.dead_letter import Rejections
from rtserver.service.pipeline.dispatcher import DuplicateTypeError, ServiceMessageDispatcher
from rtserver.service.pipeline.lane import Lane


class Other(Recorder):
    msg_type = "other"


def entries(*raws: bytes) -> list[Entry]:
    return [Entry(f"1-{number}", raw) for number, raw in enumerate(raws, 1)]


def test_each_message_goes_to_the_lane_of_its_type_in_order() -> None:
    rejections = Rejections()
    one, other = (Lane(handler, rejections) for handler in (Recorder(), Other()))
    dispatcher = ServiceMessageDispatcher([one, other], rejections)
    dispatcher.dispatch(
        dispatcher.open(entries(*(encode(name, "me", n) for n, name in enumerate(("number", "other", "number")))))
    )
    for lane in (one, other):
        lane.work()
    assert [lane.handler.numbers for lane in (one, other)] == [[0, 2], [1]]  # type: ignore[attr-defined]
    assert len(rejections) == 0


def test_what_has_no_lane_is_rejected_and_the_next_message_is_not() -> None:
    rejections = Rejections()
    lane = Lane(Recorder(), rejections)
    bad = [b"{", b"[]", encode("nobody", "feed-1", 1)]
    dispatcher = ServiceMessageDispatcher([lane], rejections)
    dispatcher.dispatch(dispatcher.open(entries(*bad, encode("number", "me", 7))))
    letters = rejections.peek(10)
    assert [letter.reason for letter in letters] == ["bad_json", "bad_message", "unknown_type"]
    assert [letter.raw for letter in letters] == bad
    assert letters[2].src == "feed-1"
    assert "'nobody'" in letters[2].detail
    assert len(lane) == 1


def test_what_is_not_signed_reaches_no_lane_and_is_kept_as_it_came() -> None:
    rejections, signer = Rejections(), Signer("the secret")
    lane = Lane(Recorder(), rejections, signer=signer)
    good, bad = signer.sign(encode("number", "me", 1)), encode("number", "me", 2)
    dispatcher = ServiceMessageDispatcher([lane], rejections, signer)
    dispatcher.dispatch(dispatcher.open(entries(good, bad)))
    lane.work()
    assert lane.handler.numbers == [1]  # type: ignore[attr-defined]
    [letter] = rejections.peek(10)
    assert (letter.reason, letter.raw) == ("bad_signature", bad)


def test_what_is_too_large_or_nested_too_deeply_is_rejected() -> None:
    rejections = Rejections()
    lane = Lane(Recorder(), rejections)
    deep = b'{"type":"number","src":"me","data":' + b"[" * 10 + b"]" * 10 + b"}"
    bad = [deep, encode("number", "me", "x" * 1000)]
    bounds = Bounds(bytes=1000, depth=10)
    dispatcher = ServiceMessageDispatcher([lane], rejections, bounds=bounds)
    dispatcher.dispatch(dispatcher.open(entries(*bad, b"[" * 1000, encode("number", "me", 7))))
    letters = rejections.peek(10)
    assert [letter.reason for letter in letters] == ["bad_json", "bad_message", "bad_json"]
    assert [letter.raw for letter in letters[:2]] == bad
    assert [letter.bytes for letter in letters] == [0, 1038, 0]
    assert letters[1].sha256 == hashlib.sha256(bad[1]).hexdigest()
    assert [letter.detail for letter in letters[:2]] == ["nested more than 10 deep", "1038 bytes; allowed are 1000"]
    assert len(lane) == 1


def test_what_is_slow_to_decode_is_rejected() -> None:
    rejections = Rejections()
    lane = Lane(Recorder(), rejections)
    slow = [b'{"type":"number","src":"me","data":[%b]}' % b",".join([b"1e308"] * count) for count in (64, 65)]
    bounds = message_bounds(Config())
    dispatcher = ServiceMessageDispatcher([lane], rejections, bounds=bounds)
    opened = dispatcher.open(entries(*slow))
    dispatcher.dispatch(opened)
    assert [(letter.reason, letter.raw) for letter in rejections.peek(9)] == [("bad_json", slow[1])]
    assert "more than 64 numbers" in rejections.peek(1)[0].detail
    assert len(lane) == 1
    behind = Lane(Recorder(), rejections, bounds=bounds)
    assert behind.open([entry for entry, _ in opened]) == [opened[0]]


def test_two_handlers_for_one_type_are_refused_with_both_names() -> None:
    class Rival(Recorder):
        pass

    with pytest.raises(DuplicateTypeError, match=r"service_fakes\.Recorder and .*Rival both handle.*'number'"):
        ServiceMessageDispatcher([Lane(Recorder(), Rejections()), Lane(Rival(), Rejections())], Rejections())


def test_what_no_lane_takes_can_be_rejected_once_more_without_handling_the_rest_again() -> None:
    rejections = Rejections()
    lane = Lane(Recorder(), rejections)
    dispatcher = ServiceMessageDispatcher([lane], rejections)
    dispatcher.reject(dispatcher.open(entries(encode("number", "me", 1), b"{", encode("nobody's", "me", 2))))
    assert [letter.reason for letter in rejections.peek(10)] == ["bad_json", "unknown_type"]
    assert len(lane) == 0
