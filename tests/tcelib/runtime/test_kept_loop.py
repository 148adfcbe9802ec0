"""Loops of a gateway outlive errors that nobody expected."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gevent
import pytest

from tcelib.gateway.client_side import ClientSide
from tcelib.queue.message import Message
from tcelib.runtime.gateway import kept_loop
from tcelib.runtime.gateway.event_relay import EventRelay
from tcelib.runtime.gateway.inbox_reader import InboxReader
from tcelib.runtime.gateway.kept_loop import spawn_kept
from tcelib.runtime.gateway.parcel import Parcel
from tcelib.runtime.gateway.queue_writer import QueueWriter
from tcelib.runtime.gateway.user_side import UserSide
from tcelib.service.away_queues import AwayQueues
from tests.tcelib.runtime.gateway_rig import until_so
from tests.tcelib.runtime.test_finding_users import note_to
from tests.tcelib.runtime.user_rig import UserRig

LOOPS = (
    (ClientSide, "expire"),
    (UserSide, "look"),
    (InboxReader, "_take_from"),
    (InboxReader, "_look"),
    (AwayQueues, "look"),
    (EventRelay, "_put"),
)


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause after a death."""
    monkeypatch.setattr(kept_loop, "PAUSE_SECONDS", 0.0)


def failing_once(original: Callable[..., Any], ends: list[bool]) -> Callable[..., Any]:
    """Return what raises at first, and then does as the original. ``ends`` notes each."""

    def method(*args: Any) -> Any:
        ends.append(bool(ends))
        if len(ends) == 1:
            raise LookupError("nobody expected this")
        return original(*args)

    return method


def test_a_loop_that_dies_is_told_and_begins_anew_until_it_returns(caplog: pytest.LogCaptureFixture) -> None:
    ends: list[bool] = []
    loop = spawn_kept(failing_once(lambda: None, ends), "does it")
    loop.join(60)
    assert (ends, loop.successful()) == ([False, True], True)
    [record] = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "! the loop that does it died; it begins anew")
    assert record.exc_info


def test_a_loop_that_is_killed_is_over() -> None:
    loop = spawn_kept(lambda: gevent.sleep(60), "sleeps")
    gevent.sleep(0)
    loop.kill(timeout=60)
    assert loop.dead


def test_all_loops_of_a_gateway_go_on(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ends: dict[str, list[bool]] = {}
    for owner, name in LOOPS:
        noted = ends[f"{owner.__name__}.{name}"] = []
        monkeypatch.setattr(owner, name, failing_once(getattr(owner, name), noted))
    with UserRig(tmp_path, redis_url, ("one",), properties=EVENTS) as rig:
        users = rig.gateway("one")._gateway._registries.users  # type: ignore[union-attr]
        users.pass_on("nobody", note_to("nobody", "x"))  # type: ignore[union-attr]
        rig.client("one", "ann")
        until_so(lambda: ends["EventRelay._put"], "an event was not relayed")
        rig.client("one", "bob")
        until_so(lambda: all(len(noted) > 1 for noted in ends.values()), "all go on")


EVENTS = '<property name="user_events" value="test.Events#events"/>'


class Link:
    """A queue that takes no message that is empty."""

    has_headers = False

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def put(self, messages: Sequence[Message], /) -> None:
        if not all(message.body for message in messages):
            raise ValueError("nobody expected an empty one")
        self.taken += [message.body for message in messages]


def test_what_a_queue_does_not_take_for_an_unexpected_reason_is_unsent_and_the_rest_goes_on() -> None:
    link, unsent = Link(), []
    writer: QueueWriter[object] = QueueWriter(link, lambda parcel, *_: unsent.append(parcel.body))
    for body in (b"", b"next"):
        writer.add(Parcel(body, None, 1e12, is_idempotent=False))
        until_so(lambda: link.taken or unsent, "it was tried")
    writer.close()
    assert (unsent, link.taken) == ([b""], [b"next"])
