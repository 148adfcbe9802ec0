import msgspec
import pytest
from service_fakes import Surroundings

from rtserver.base.messages import CloseSession, Kick, Message, Recheck
from rtserver.service.django_site import DjangoSiteMsgHandler


def tell(raw: bytes) -> Message:
    """What crosses the bridge for the data ``raw``."""
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
