"""Users who move between gateways: what is sent to them arrives once, or is counted as given up."""

from collections.abc import Sequence

import gevent
import gevent.event
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tcelib.gateway.client import Client
from tcelib.gateway.verb import Reason
from tcelib.gateway.waiting_room import SETTLE_SECONDS
from tcelib.runtime.gateway.user_side import pause_of
from tests.tcelib.gateway.rig import ONE_WAY, TERMINAL, body
from tests.tcelib.runtime.user_world import Node, World

GATEWAYS = ("one", "two", "three")
USERS = ("ann", "bob")
ROUNDS = 20
"""More than any message makes hops."""


def test_a_message_follows_a_user_who_has_moved_since_it_was_sent() -> None:
    world = World(("one", "two"))
    one, two = world.gateways.values()
    client = one.log_in("ann")
    one.tell()
    world.push("ann")
    one.log_out(client)
    one.read()
    two.log_in("ann")
    one.users.look()
    assert not two.delivered
    two.tell()
    one.users.look()
    two.read()
    assert (one.delivered, two.delivered) == ([], [("ann", b"0")])


def test_a_user_who_comes_back_to_the_same_gateway_gets_what_has_waited() -> None:
    world = World(("one",))
    [one] = world.gateways.values()
    client = one.log_in("ann")
    one.tell()
    world.push("ann")
    one.log_out(client)
    one.read()
    one.log_in("ann")
    assert one.delivered == [("ann", b"0")]


def test_a_message_to_a_user_who_stays_away_is_given_up_and_counted() -> None:
    world = World(("one",))
    [one] = world.gateways.values()
    client = one.log_in("ann")
    one.tell()
    world.push("ann")
    one.log_out(client)
    one.read()
    one.users.look()
    assert one.dropped == 0
    world.seconds += SETTLE_SECONDS
    one.users.look()
    assert one.dropped == 1
    one.log_in("ann")
    assert not one.delivered


def test_of_two_gateways_with_one_user_the_one_that_took_him_last_gets_what_is_sent() -> None:
    world = World(("one", "two"))
    one, two = world.gateways.values()
    for node in (two, one):
        node.log_in("ann")
        node.tell()
    world.push("ann")
    two.log_in("ann")
    two.tell()
    world.push("ann")
    one.read()
    two.read()
    assert (one.delivered, two.delivered) == ([("ann", b"0")], [("ann", b"1")])


def test_many_users_are_looked_for_less_often() -> None:
    assert [pause_of(users) for users in (1, 1_000, 10_000)] == [0.1, 0.1, 0.5]


def test_messages_that_expired_before_they_were_taken_are_counted() -> None:
    [one] = World(("one",)).gateways.values()
    one.users.expire(3)
    assert one.router.state.dropped[Reason.EXPIRED] == 3


class SlowWorld(World):
    """One in which messages reach an inbox when ``gate`` opens."""

    def __init__(self) -> None:
        super().__init__(("one", "two"))
        self.gate, self.arrived = gevent.event.Event(), gevent.event.Event()

    def put(self, inbox: str, bodies: Sequence[bytes], /) -> None:
        self.arrived.set()
        self.gate.wait()
        super().put(inbox, bodies)


def test_a_gateway_that_ends_while_it_passes_a_message_on_loses_it_not() -> None:
    world = SlowWorld()
    one, two = world.gateways.values()
    two.log_in("ann")
    two.tell()
    one.users.start()
    one.users.pass_on("ann", body(TERMINAL, 1, ONE_WAY, extra={"__user_id__": "ann"}, params=b"x"))
    assert world.arrived.wait(60)
    closing = gevent.spawn(one.users.close)
    gevent.sleep(0)
    world.gate.set()
    closing.get(timeout=60)
    two.read()
    assert two.delivered == [("ann", b"x")]


class UserMachine(RuleBasedStateMachine):
    """Any order of log-ins, losses, messages, looks and lags of the registry."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(GATEWAYS)
        self.nodes = list(self.world.gateways.values())
        self.clients: list[tuple[Node, Client]] = []
        self.sent: dict[bytes, str] = {}

    @rule(at=st.sampled_from(GATEWAYS), user=st.sampled_from(USERS))
    def log_in(self, at: str, user: str) -> None:
        node = self.world.gateways[at]
        self.clients.append((node, node.log_in(user)))

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def log_out(self, data: st.DataObject) -> None:
        node, client = data.draw(st.sampled_from(self.clients))
        self.clients.remove((node, client))
        node.log_out(client)

    @rule(at=st.sampled_from(GATEWAYS))
    def tell(self, at: str) -> None:
        self.world.gateways[at].tell()

    @rule(user=st.sampled_from(USERS))
    def push(self, user: str) -> None:
        params = self.world.push(user)
        if params is not None:
            self.sent[params] = user

    @rule(at=st.sampled_from(GATEWAYS))
    def read(self, at: str) -> None:
        self.world.gateways[at].read()

    @rule(at=st.sampled_from(GATEWAYS))
    def look(self, at: str) -> None:
        self.world.gateways[at].users.look()

    @rule(seconds=st.sampled_from((0.1, 0.6)))
    def wait(self, seconds: float) -> None:
        self.world.seconds += seconds

    @invariant()
    def nothing_arrives_twice_or_at_another_user(self) -> None:
        delivered = [each for node in self.nodes for each in node.delivered]
        assert len(delivered) == len(set(delivered))
        assert all(self.sent[params] == user for user, params in delivered)

    def teardown(self) -> None:
        """Once nobody moves any more, all that was sent to users who are here has arrived, or was given up before."""
        for node in self.nodes:
            node.tell()
        for _ in range(ROUNDS):
            for node in self.nodes:
                node.read()
                node.users.look()
        arrived = {params for node in self.nodes for _, params in node.delivered}
        missing = len(self.sent) - len(arrived)
        waiting = sum(len(node.users._room) for node in self.nodes)
        assert missing == sum(node.dropped for node in self.nodes) + waiting
        here = {client.user_id for _, client in self.clients}
        assert not here & {user for node in self.nodes for user in node.users._room.users}
        self.nothing_arrives_twice_or_at_another_user()


TestUsers = UserMachine.TestCase
TestUsers.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
