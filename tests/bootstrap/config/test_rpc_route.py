"""Routes of calls in a configuration: what stops a start, in one line."""

from pathlib import Path

import pytest

import tcelib as tce
from rtserver.base.tce.gateway import UserGateway
from rtserver.bootstrap.command.check_rpc import check_rpc
from rtserver.bootstrap.config.config import Config
from rtserver.bootstrap.config.config_source import load_config
from rtserver.bootstrap.config.error import ConfigError, PluginError
from rtserver.bootstrap.config.rpc_route import check_owners, rpc_routes
from rtserver.user.msg_handler import BaseUserMsgHandler
from tests.rpc.rig import IDL


@pytest.fixture
def idl(tmp_path: Path) -> Path:
    path = tmp_path / "shop.idl"
    path.write_text(IDL)
    return path


def load(tmp_path: Path, idl: Path, queue: str = "orders") -> Config:
    file = tmp_path / "rtserver.toml"
    table = f'[rpc_routes.orders]\nidl = "{idl}"\ninterfaces = ["shop.Orders"]\nqueue = "{queue}"\n'
    file.write_text(f'presence_queue = "queue:mine"\n{table}')
    return load_config(environ={}, file=file)


def test_a_file_may_have_routes(tmp_path: Path, idl: Path) -> None:
    (route,) = rpc_routes(load(tmp_path, idl))
    assert [each.msg_type for each in route.operations] == ["orders.place", "orders.cancel", "orders.note"]


def test_without_a_table_there_is_no_route() -> None:
    assert rpc_routes(Config()) == ()


def test_a_mistake_names_file_table_and_place(tmp_path: Path, idl: Path) -> None:
    idl.write_text(IDL.replace("string name", "strng name"))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, idl)
    assert str(caught.value).startswith(f"{tmp_path}/rtserver.toml: rpc_routes.orders.idl: {idl}:3:15: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("queue", ["queue:rtserver", "queue:mine"])
def test_a_queue_of_the_servers_own_is_no_queue_of_calls(tmp_path: Path, idl: Path, queue: str) -> None:
    with pytest.raises(ConfigError, match=r"rpc_routes.orders.queue: .* is not allowed"):
        load(tmp_path, idl, queue)


def test_the_check_tells_what_may_be_called(tmp_path: Path, idl: Path) -> None:
    (finding,) = check_rpc(load(tmp_path, idl))
    assert finding.detail == (
        "orders: orders.place, orders.cancel, orders.note to orders (stream), answered within 120 s"
    )


class OwnNote(BaseUserMsgHandler):
    """A handler of the same type."""

    msg_type = "orders.note"


class OwnOrders(tce.Servant):
    """A servant of the same interface."""

    INTERFACE = tce.Interface("shop.Orders", ifidx=60, operations=())


def test_a_type_or_an_interface_has_one_owner(tmp_path: Path, idl: Path) -> None:
    routes = rpc_routes(load(tmp_path, idl))
    check_owners(routes, [BaseOther], [UserGateway])
    with pytest.raises(PluginError, match=r"^rpc_routes.orders and .*OwnNote both handle messages of type"):
        check_owners(routes, [OwnNote], [])
    with pytest.raises(PluginError, match=r"^rpc_routes.orders and .*OwnOrders both serve an interface of index 60"):
        check_owners(routes, [], [OwnOrders])


class BaseOther(BaseUserMsgHandler):
    """A handler of another type."""

    msg_type = "other"
