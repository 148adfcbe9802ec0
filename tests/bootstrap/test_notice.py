"""Notices to a fleet of workers are given once."""

import logging

import pytest

from rtserver.bootstrap.notice import delivery_notices, version_notices
from rtserver.bootstrap.supervisor.notice_board import NoticeBoard
from rtserver.registry.running_server import RunningServer
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.push.push_user import PushUserMsgHandler
from rtserver.service.topic.subscribable import SubscribableMsgHandler
from tests.service_fakes import Surroundings


class Silent(ServiceMsgHandler):
    msg_type = "silent"


class Outspoken(ServiceMsgHandler):
    msg_type = "outspoken"
    delivery = "every"


class Child(Outspoken):
    msg_type = "child"


class Single(ServiceMsgHandler):
    msg_type = "single"
    delivery = "once"


def running(name: str, version: str) -> RunningServer:
    return RunningServer(name, version, 0, 0, 0.0, ())


class Topical(SubscribableMsgHandler):
    msg_type = "topical"


def test_handlers_are_listed_and_one_that_leaves_its_delivery_to_the_default_is_warned_of() -> None:
    context = Surroundings().context
    told, warning = delivery_notices(each(context) for each in (Silent, Outspoken, Child, Topical, Single))
    assert told == (
        "= every worker handles each message of type silent, outspoken, child, topical; one of them handles single"
    )
    assert warning.startswith(f"! {__name__}:Silent does not say its delivery: every worker handles each message")


def test_the_servers_own_handlers_are_not_warned_of() -> None:
    (told,) = delivery_notices([PushUserMsgHandler.__new__(PushUserMsgHandler)])
    assert told == "= every worker handles each message of type pushuser; one of them handles none"


def test_servers_of_other_versions_are_named_in_one_line_and_workers_that_are_replaced_are_not() -> None:
    servers = [running("a:1/1", "0.9"), running("a:1/2", "1.0"), running("b", "0.8"), running("c", "1.0")]
    assert version_notices(servers, "1.0", "a:1/") == [
        "! servers of other versions share this Redis: b (0.8); this one is 1.0. "
        "CHANGES.md says what an older one cannot read"
    ]
    assert "a:1/1 (0.9), b (0.8)" in version_notices(servers, "1.0")[0]
    assert version_notices(servers[1:2], "1.0") == []


def test_a_supervisor_says_once_what_all_its_workers_say(caplog: pytest.LogCaptureFixture) -> None:
    board = NoticeBoard()
    with caplog.at_level(logging.INFO):
        for notices in (["= one"], ["= one", "! two"], ["= one", "! two", "= three"]):
            board.tell(notices)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "= one"),
        ("WARNING", "! two"),
        ("INFO", "= three"),
    ]
