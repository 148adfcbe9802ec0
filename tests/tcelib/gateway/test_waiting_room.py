"""Messages for users who are not here, and the users who are."""

from tcelib.gateway.hop import HOPS, MOST_HOPS, one_hop_more
from tcelib.gateway.user_roll import UserRoll
from tcelib.gateway.waiting_room import SETTLE_SECONDS, WaitingRoom
from tcelib.wire.message import RpcMessage
from tests.tcelib.gateway.rig import ONE_WAY, TERMINAL, body


def test_messages_of_a_user_leave_together_in_their_order() -> None:
    room = WaitingRoom()
    for user, text in (("ann", b"1"), ("bob", b"x"), ("ann", b"2")):
        assert room.add(user, text, 0.0)
    assert (room.take("ann"), list(room.users), len(room)) == ([b"1", b"2"], ["bob"], 1)
    assert room.take("ann") == []


def test_a_message_waits_for_the_time_that_a_move_takes_or_for_as_long_as_it_says() -> None:
    room = WaitingRoom()
    room.add("ann", b"short", 10.0, linger=-5.0)
    room.add("ann", b"long", 10.0, linger=30.0)
    assert room.expire(10.0 + SETTLE_SECONDS - 0.01) == 0
    assert room.expire(10.0 + SETTLE_SECONDS) == 1
    assert room.take("ann") == [b"long"]
    room.add("ann", b"long", 10.0, linger=30.0)
    assert room.expire(40.0) == 1
    assert (len(room), list(room.users)) == (0, [])


def test_a_room_is_full_by_number_and_by_bytes_and_has_room_again() -> None:
    room = WaitingRoom(most_messages=2, most_bytes=10)
    assert not room.add("ann", b"12345678901", 0.0)
    assert room.add("ann", b"1234567890", 0.0)
    assert not room.add("bob", b"1", 0.0)
    room.take("ann")
    assert room.add("bob", b"1", 0.0)
    assert room.add("bob", b"2", 0.0)
    assert not room.add("bob", b"3", 0.0)
    assert room.expire(100.0) == 2
    assert room.add("bob", b"3", 100.0)


def test_a_message_counts_its_hops_and_goes_on_otherwise_as_it_was() -> None:
    sent = body(TERMINAL, 7, ONE_WAY, extra={"__user_id__": "ann", "x": "y"}, params=b"text")
    for hops in range(1, MOST_HOPS + 1):
        more = one_hop_more(sent)
        assert more is not None
        sent = more
        message = RpcMessage.parse(sent)
        assert message.extra.props == {"__user_id__": "ann", "x": "y", HOPS: str(hops)}
        assert (message.paramstream, message.sequence, message.ifidx) == (b"text", 7, TERMINAL)
    assert one_hop_more(sent) is None


def test_a_message_with_a_bad_count_of_hops_goes_nowhere() -> None:
    for count in ("", "-1", "many", "1e3"):
        assert one_hop_more(body(TERMINAL, 7, ONE_WAY, extra={HOPS: count})) is None
    assert one_hop_more(body(TERMINAL, 7, ONE_WAY, extra={"x": "y"})[:30]) is None


def test_a_user_is_here_from_his_first_connection_to_his_last() -> None:
    roll = UserRoll()
    assert [roll.came("ann"), roll.came("ann"), roll.came("bob")] == [True, False, True]
    assert (len(roll), sorted(roll)) == (2, ["ann", "bob"])
    assert [roll.went("ann"), "ann" in roll, roll.went("ann"), "ann" in roll] == [False, True, True, False]
    assert not roll.went("nobody")
