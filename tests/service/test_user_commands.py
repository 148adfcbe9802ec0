"""Commands of services to users become messages on the bridge, encoded by the caller."""

import pytest

from rtserver.base.bridge.message import Deliver, Message
from rtserver.base.wire.json import JsonError
from rtserver.base.wire.message_size import MessageSizeLimit
from rtserver.registry.user_place import UserPlaces
from rtserver.service.message import BadData
from rtserver.service.user_commands import UserCommands
from tcelib.lease.memory import MemoryLeases
from tcelib.lease.port import Registration


@pytest.mark.parametrize(
    ("user_id", "user_ids"), [(7, (7,)), ("ann", ("ann",)), ([7, "ann"], (7, "ann")), ("*", None), ([], ())]
)
def test_a_message_is_for_one_user_for_several_or_for_everyone(
    user_id: int | str | list[int | str], user_ids: tuple[int | str, ...] | None
) -> None:
    posted: list[Message] = []
    data = {"text": "hello"}
    UserCommands(posted.append).push_message(user_id, data, "notice")
    data["text"] = "changed afterwards"
    assert posted == [Deliver(user_ids, b'{"type":"notice","data":{"text":"hello"}}', None)]


@pytest.mark.parametrize(("data", "error"), [("x" * 5_000, BadData), (float("nan"), JsonError)])
def test_what_no_client_could_take_is_refused_where_it_is_said(
    data: str | float, error: type[BadData | JsonError]
) -> None:
    posted: list[Message] = []
    with pytest.raises(error):
        UserCommands(posted.append, MessageSizeLimit(5_000)).push_message("*", data, "notice")
    assert posted == []


def test_a_service_asks_who_is_online_and_where() -> None:
    leases = MemoryLeases(lambda: 1_000.0)
    number = leases.join(Registration("worker", "one", holds=("user",)), 10.0)
    leases.hold(number, "user", ["7"])
    users = UserCommands(lambda message: None, places=UserPlaces(leases))
    assert users.online([7, 8, "ann"]) == {7}
    assert (users.where(7), users.where("ann")) == (("one",), ())


def test_nobody_is_online_for_a_service_without_a_registry() -> None:
    users = UserCommands(lambda message: None)
    assert (users.online([7]), users.where(7)) == (set(), ())
