import msgspec
import pytest
from service_fakes import Surroundings

from rtserver.base.messages import PushUser
from rtserver.service.message import BadData
from rtserver.service.push_user import PushUserMsgHandler


def push(raw: bytes) -> PushUser:
    """What crosses the bridge for the data ``raw``."""
    around = Surroundings()
    handler = PushUserMsgHandler(around.context)
    handler("me", msgspec.json.decode(raw, type=handler.data_type))
    [message] = around.posted
    assert isinstance(message, PushUser)
    return message


@pytest.mark.parametrize(
    ("user_id", "user_ids"),
    [(b"7", (7,)), (b'"ann"', ("ann",)), (b'[7,"ann"]', (7, "ann")), (b'"*"', None), (b"[]", ())],
)
def test_users_are_named_by_one_id_by_several_or_all_at_once(user_id: bytes, user_ids: tuple[object, ...]) -> None:
    message = push(b'{"user_id":%s,"type":"notice","data":{"text":"hello"}}' % user_id)
    assert message == PushUser(user_ids, "notice", {"text": "hello"})


def test_the_data_may_be_anything() -> None:
    assert push(b'{"user_id":1,"type":"n","data":null}').data is None
    assert push(b'{"user_id":1,"type":"n","data":[1,"a",{}]}').data == [1, "a", {}]


@pytest.mark.parametrize("raw", [b'{"type":"n","data":1}', b'{"user_id":null,"type":"n","data":1}', b'{"user_id":1}'])
def test_another_shape_is_not_taken(raw: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(raw, type=PushUserMsgHandler.data_type)


def test_a_message_without_a_type_is_bad_data() -> None:
    with pytest.raises(BadData):
        push(b'{"user_id":1,"type":"","data":1}')
