"""From a dotted path to a class, and the lines for paths that lead nowhere."""

import pytest

from rtserver.bootstrap.error import PluginError
from rtserver.bootstrap.plugin import by_type, load_plugins
from rtserver.handlers.ping import PingMsgHandler
from rtserver.user.msg_handler import BaseUserMsgHandler

PING = "rtserver.handlers.ping"


class OtherPing(PingMsgHandler):
    """Another handler of the same type."""


def load(*paths: str) -> list[type[BaseUserMsgHandler]]:
    return load_plugins(paths, "rtserver.no-such-group", BaseUserMsgHandler)


@pytest.mark.parametrize("path", [f"{PING}:PingMsgHandler", f"{PING}.PingMsgHandler"])
def test_both_spellings_of_a_path_lead_to_the_class(path):
    assert load(path) == [PingMsgHandler]


def test_a_path_that_is_named_twice_is_loaded_once():
    assert load(f"{PING}:PingMsgHandler", f"{PING}:PingMsgHandler") == [PingMsgHandler]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("nowhere.at_all:Handler", "cannot be loaded: No module named 'nowhere'"),
        (f"{PING}:Nothing", "cannot be loaded"),
        ("nonsense", "cannot be loaded"),
        (f"{PING}:UserAgent", "is no subclass of rtserver.user.msg_handler.BaseUserMsgHandler"),
        ("rtserver.user.msg_handler:BaseUserMsgHandler", "does not say which msg_type it handles"),
    ],
)
def test_a_path_that_leads_to_no_handler_is_named_with_the_reason(path, problem):
    with pytest.raises(PluginError, match="plug-in") as error:
        load(path)
    assert repr(path) in str(error.value)
    assert problem in str(error.value)


def test_two_for_one_type_are_both_named():
    with pytest.raises(PluginError) as error:
        by_type([PingMsgHandler, OtherPing])
    assert "PingMsgHandler" in str(error.value)
    assert "OtherPing" in str(error.value)
    assert "'ping'" in str(error.value)


def test_the_classes_are_found_by_their_type():
    assert by_type([PingMsgHandler, PingMsgHandler]) == {"ping": PingMsgHandler}
