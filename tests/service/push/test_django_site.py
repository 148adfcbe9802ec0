import math
from collections.abc import Mapping

import msgspec
import pytest

from rtserver.base.bridge.message import CloseSession, Kick, Message, Recheck
from rtserver.base.queue.port import Entry, QueueAwayError
from rtserver.service.message import decode, encode
from rtserver.service.pipeline.dead_letter import DeadLetters
from rtserver.service.pipeline.lane import Lane
from rtserver.service.push.django_site import DjangoSiteMsgHandler, KickUser, SessionClosed
from tests.service_fakes import Surroundings


def tell(raw: bytes) -> Message:
    """Return the message that crosses the bridge for the data ``raw``."""
    around = Surroundings()
    handler = DjangoSiteMsgHandler(around.context)
    handler("site", msgspec.json.decode(raw, type=handler.data_type))
    [message] = around.posted
    return message


def test_a_session_that_was_closed_closes_its_sockets() -> None:
    assert tell(b'{"op":"session_closed","session_key":"abc"}') == CloseSession("abc")


def test_a_kick_closes_the_sockets_of_a_user() -> None:
    assert tell(b'{"op":"kick","user_id":7,"reason":"spam"}') == Kick(7, "spam")
    assert tell(b'{"op":"kick","user_id":"ann"}') == Kick("ann", "")


def test_a_user_who_has_changed_is_looked_up_again() -> None:
    assert tell(b'{"op":"recheck","user_id":7}') == Recheck(7)
    assert tell(b'{"op":"recheck","user_id":"*"}') == Recheck("*")


@pytest.mark.parametrize(
    "raw", [b"{}", b'{"op":"reboot"}', b'{"op":"kick"}', b'{"op":"session_closed","session_key":null}', b'"kick"']
)
def test_an_operation_that_is_none_is_not_taken(raw: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=DjangoSiteMsgHandler.data_type)


def test_what_is_good_although_its_session_was_closed_is_revoked_once_a_batch() -> None:
    around, revoked = Surroundings(), []
    handler = DjangoSiteMsgHandler(
        around.context, lifetime_of={"token": 60.0, "other": 5.0, "stored": 0.0}.__getitem__, revoke=revoked.append
    )
    for key in ("token", "stored", "other", "token"):
        handler("site", SessionClosed(key))
    handler("site", KickUser(7))
    assert [type(message) for message in around.posted] == [*[CloseSession] * 4, Kick]  # before the queue is asked
    assert revoked == []
    handler.flush()
    handler.flush()
    assert revoked == [{"token": 60.0, "other": 5.0}]


def test_a_revocation_that_fails_in_itself_does_not_stand_in_the_way_of_later_ones() -> None:
    kept: dict[str, float] = {}

    def revoke(lifetimes: Mapping[str, float]) -> None:
        kept.update({key: round(seconds) for key, seconds in lifetimes.items()})

    lifetimes = {"endless": math.inf, "token": 60.0}
    handler = DjangoSiteMsgHandler(Surroundings().context, lifetime_of=lifetimes.__getitem__, revoke=revoke)
    dead_letters = DeadLetters()
    lane = Lane(handler, dead_letters, batch=1)
    for number, key in enumerate(lifetimes, 1):
        raw = encode("django_site", "site", {"op": "session_closed", "session_key": key})
        lane.offer(Entry(f"1-{number}", raw), decode(raw))
    lane.work()
    lane.work()
    assert [letter.entry for letter in dead_letters.peek(9)] == ["1-1"]
    assert kept == {"token": 60.0}


def test_a_revocation_that_could_not_be_kept_is_kept_with_the_next_batch() -> None:
    kept: dict[str, float] = {}
    is_away = True

    def revoke(lifetimes: Mapping[str, float]) -> None:
        if is_away:
            raise QueueAwayError("redis://x", "gone")
        kept.update(lifetimes)

    handler = DjangoSiteMsgHandler(Surroundings().context, lifetime_of=lambda key: 60.0, revoke=revoke)
    handler("site", SessionClosed("one"))
    with pytest.raises(QueueAwayError):
        handler.flush()
    is_away = False
    handler("site", SessionClosed("two"))
    handler.flush()
    assert kept == {"one": 60.0, "two": 60.0}
