"""From a dotted path to a class, and the lines for paths that lead nowhere."""

import sys

import pytest

import tcelib as tce
from rtserver.bootstrap.config.error import PluginError
from rtserver.bootstrap.config.plugin import (
    build_servant,
    by_service,
    by_type,
    load_history,
    load_indicators,
    load_plugins,
    load_policy,
    load_servants,
)
from rtserver.handlers.ping import PingMsgHandler
from rtserver.idl.rtserver import IUserGateway
from rtserver.market.indicator.moving_average import SmaLine
from rtserver.service.msg_handler import ServiceMsgHandler
from rtserver.service.push.online import OnlineMsgHandler
from rtserver.service.topic.subscribable import SubscribableMsgHandler
from rtserver.user.msg_handler import BaseUserMsgHandler
from rtserver.user.policy import Policy

PING = "rtserver.handlers.ping"


HERE = __name__


class Prices(tce.Servant):
    """An interface of index 5."""

    INTERFACE = tce.Interface("shop.Prices", ifidx=5, operations=())


class Orders(Prices):
    """Another one, and its base's."""

    INTERFACE = tce.Interface("shop.Orders", ifidx=6, operations=())

    def __init__(self, users: str) -> None:
        self.users = users


class Same(tce.Servant):
    """Of the index that another one has."""

    INTERFACE = tce.Interface("depot.Goods", ifidx=6, operations=())


class Gateway(IUserGateway):
    """In the place of ours."""


class OtherPing(PingMsgHandler):
    """Another handler of the same type."""


class Twice(ServiceMsgHandler):
    """Of a delivery that there is not."""

    msg_type = "twice"
    delivery = "twice"


class Sma(SmaLine):
    """Another one of that name."""


def load(*paths: str) -> list[type[BaseUserMsgHandler]]:
    return load_plugins(paths, "rtserver.no-such-group", BaseUserMsgHandler)


@pytest.mark.parametrize("path", [f"{PING}:PingMsgHandler", f"{PING}.PingMsgHandler"])
def test_both_spellings_of_a_path_lead_to_the_class(path: str) -> None:
    assert load(path) == [PingMsgHandler]


def test_a_path_that_is_named_twice_is_loaded_once() -> None:
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
def test_a_path_that_leads_to_no_handler_is_named_with_the_reason(path: str, problem: str) -> None:
    with pytest.raises(PluginError, match="plug-in") as error:
        load(path)
    assert repr(path) in str(error.value)
    assert problem in str(error.value)


def test_a_delivery_that_there_is_not_stops_the_start_and_is_not_taken_for_another() -> None:
    with pytest.raises(PluginError, match="'twice'; it may be 'every' or 'once'"):
        load_plugins([f"{HERE}:Twice"], "no.such.group", ServiceMsgHandler)


def test_two_for_one_type_are_both_named() -> None:
    with pytest.raises(PluginError) as error:
        by_type([PingMsgHandler, OtherPing])
    assert "PingMsgHandler" in str(error.value)
    assert "OtherPing" in str(error.value)
    assert "'ping'" in str(error.value)


def test_the_classes_are_found_by_their_type() -> None:
    assert by_type([PingMsgHandler, PingMsgHandler]) == {"ping": PingMsgHandler}


class Weather(SubscribableMsgHandler):
    """Subscribed to by its type."""

    msg_type = "weather"


class Forecast(SubscribableMsgHandler):
    """Subscribed to by the name of another one."""

    msg_type = "forecast"
    service = "weather"


class MyQuotes(SubscribableMsgHandler):
    """Subscribed to as quotes are."""

    msg_type = "my_quotes"
    service = "quotes"


class Once(SubscribableMsgHandler):
    """Handled by one server of all."""

    msg_type = "once"
    delivery = "once"


class Sharded(SubscribableMsgHandler):
    """An object of it for each queue."""

    msg_type = "sharded"
    is_sharded = True


class Slashed(SubscribableMsgHandler):
    """Subscribed to by what could be a topic of another one."""

    msg_type = "weather/rome"


def test_the_services_to_subscribe_to_are_found_by_their_name() -> None:
    assert by_service([Weather, OnlineMsgHandler]) == {"weather": Weather}
    assert by_service([Forecast]) == {"weather": Forecast}


@pytest.mark.parametrize(
    ("classes", "text"),
    [
        ([Weather, Forecast], "Weather and .*Forecast are both subscribed to as 'weather'"),
        ([MyQuotes], "MyQuotes is subscribed to as 'quotes'"),
        ([Slashed], "Slashed is subscribed to as 'weather/rome': such a name has no slash"),
        ([Once], "Once is subscribed to on every server, so its delivery must be 'every'"),
        ([Sharded], "Sharded is subscribed to, so it has one object, and cannot be is_sharded"),
    ],
)
def test_a_service_that_could_not_be_subscribed_to_stops_the_start(
    classes: list[type[ServiceMsgHandler]], text: str
) -> None:
    with pytest.raises(PluginError, match=text):
        by_service(classes)


@pytest.fixture
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """This file is a module that a path may name."""
    monkeypatch.setitem(sys.modules, "shop_servants", sys.modules[HERE])


@pytest.mark.usefixtures("_here")
def test_servants_are_loaded_and_built_with_the_users_if_they_take_them() -> None:
    assert load_servants(["shop_servants:Prices"]) == [Prices]
    assert load_servants(["shop_servants:Orders", "shop_servants.Orders"]) == [Orders]
    assert isinstance(build_servant(Prices, "users"), Prices)
    assert build_servant(Orders, "users").users == "users"


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("Orders", "Same"), ("Orders", "Same", "index 6")),
        (("Prices", "Orders"), ("Prices", "Orders", "index 5")),
        (("Gateway",), ("UserGateway", "Gateway", "index 30001")),
        (("tce.Servant",), ("cannot be loaded",)),
        (("PingMsgHandler",), ("PingMsgHandler", "is no subclass of tcelib.core.servant.Servant")),
        (("Nothing",), ("Nothing", "cannot be loaded")),
    ],
)
def test_servants_that_cannot_be_served_stop_the_start_with_their_names(
    names: tuple[str, ...], words: tuple[str, ...]
) -> None:
    with pytest.raises(PluginError) as error:
        load_servants([f"shop_servants:{name}" for name in names])
    assert all(word in str(error.value) for word in words), error.value


def test_a_servant_without_an_interface_is_named() -> None:
    with pytest.raises(PluginError, match=r"tcelib.core.servant.Servant serves no interface"):
        load_servants(["tcelib:Servant"])


class Closed(Policy):
    """Lets nobody do anything."""


def test_a_policy_is_an_object_of_the_class_that_is_named_and_the_built_in_one_otherwise() -> None:
    assert type(load_policy("")) is Policy
    assert type(load_policy(f"{HERE}:Closed")) is Closed


@pytest.mark.parametrize("path", ["nowhere:Policy", f"{HERE}:OtherPing", "nonsense"])
def test_a_policy_that_is_none_stops_the_start(path: str) -> None:
    with pytest.raises(PluginError, match=r"cannot be loaded|is no subclass of"):
        load_policy(path)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("nowhere.at_all:Spread", "cannot be loaded: No module named 'nowhere'"),
        (f"{HERE}:Prices", "is no subclass of rtserver.market.indicator.indicator_line.IndicatorLine"),
        (f"{HERE}:Sma", f"moving_average.SmaLine and {HERE}.Sma are both named 'sma'"),
    ],
)
def test_an_indicator_that_cannot_be_one_stops_the_start(path: str, problem: str) -> None:
    with pytest.raises(PluginError) as error:
        load_indicators([path])
    assert problem in str(error.value)


def test_without_plug_ins_there_are_the_built_in_indicators() -> None:
    assert "sma" in load_indicators([]).names
    assert load_indicators([]).plugins == ()


class OldPrices:
    """A source of history."""

    def read(self, wanted: object) -> list[object]:
        return []


class Shut:
    """A source that cannot be made."""

    def __init__(self) -> None:
        raise RuntimeError("no database")

    def read(self, wanted: object) -> list[object]:
        return []


def test_a_source_of_history_is_an_object_with_a_read_method() -> None:
    assert load_history(f"{HERE}:OldPrices").read is not None


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("nowhere.at_all:Prices", "cannot be loaded: No module named 'nowhere'"),
        (f"{HERE}:Weather", r"has no method read\(wanted\), which a source of history needs"),
        (f"{HERE}:Shut", "cannot be made: RuntimeError: no database"),
    ],
)
def test_a_source_of_history_that_is_none_stops_the_start(path: str, problem: str) -> None:
    with pytest.raises(PluginError, match=problem):
        load_history(path)
