"""Any order of calls, answers, repeats, deadlines, log-ins and lost connections: nobody gets another's answer."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tcelib.gateway.action import HOLD, Action
from tcelib.gateway.client import Client
from tcelib.gateway.verb import Verb
from tcelib.wire.message import RpcMessage
from tests.tcelib.gateway.rig import SERVER, TERMINAL, answer, body, packet, small

MOST_WAITING = 4
USERS = ("scott", "tiger")


class GatewayMachine(RuleBasedStateMachine):
    """Clients whose calls say in their parameters who made them. Pages of one user count from 0, as tce.js does."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.calls = 0
        self.clients: list[Client] = []
        self.sequences: dict[Client, int] = {}
        self.owners: dict[bytes, tuple[Client, int]] = {}
        """Parameters of a call -> who made it, and its number."""
        self.open: set[bytes] = set()
        """Calls that have neither answer nor error."""
        self.in_services: list[bytes] = []

    @initialize()
    def begin(self) -> None:
        self.router = small(most_waiting=MOST_WAITING)

    @rule(user=st.sampled_from((*USERS, "")))
    def connect(self, user: str) -> None:
        client = self.router.clients.connect("clients")
        if user:
            self.router.clients.name(client, user)
        self.clients.append(client)
        self.sequences[client] = 0

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), user=st.sampled_from(USERS))
    def log_in(self, data: st.DataObject, user: str) -> None:
        self.router.clients.name(data.draw(st.sampled_from(self.clients)), user)

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def disconnect(self, data: st.DataObject) -> None:
        client = data.draw(st.sampled_from(self.clients))
        self.clients.remove(client)
        self.router.clients.disconnect(client)
        self.open = {params for params in self.open if self.owners[params][0] is not client}

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), low=st.sampled_from((0, 0, 0x8000)))
    def call(self, data: st.DataObject, low: int) -> None:
        client = data.draw(st.sampled_from(self.clients))
        params = b"%d" % self.calls
        sequence = self.sequences[client]
        sent = packet(SERVER, sequence, call_id=low, params=params, extra={"__user_id__": USERS[0]})
        was_full = client.is_full
        action = self.router.clients.receive(client, sent, self.now)
        assert (action is HOLD) is was_full
        if action is not HOLD:
            assert action[0] is Verb.WRITE
            self.calls += 1
            self.sequences[client] += 1
            self.owners[params] = client, sequence
            self.open.add(params)
            self.in_services.append(action[3])

    @precondition(lambda self: self.in_services)
    @rule(data=st.data(), keeps=st.sampled_from((None, ("__user_id__",))), again=st.booleans())
    def answer(self, data: st.DataObject, keeps: tuple[str, ...] | None, again: bool) -> None:
        call = data.draw(st.sampled_from(self.in_services))
        if not again:
            self.in_services.remove(call)
        params = RpcMessage.parse(call).paramstream
        action = self.router.services.receive(
            self.router.services.source("answers"), answer(call, params, keeps=keeps)
        )
        if params in self.open:
            self.check(action, Verb.DELIVER, params)
            assert RpcMessage.parse(action[3]).paramstream == params
        else:
            assert action[0] is Verb.DROP

    @rule(seconds=st.sampled_from((0.5, 2.0, 5.0)))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        over = list(self.router.clients.expire(self.now))
        for action in over:
            client, sequence = action[1], RpcMessage.parse(action[3]).sequence
            [params] = [each for each in self.open if self.owners[each] == (client, sequence)]
            self.check(action, Verb.ANSWER, params)

    @rule(user=st.sampled_from(USERS))
    def push(self, user: str) -> None:
        message = body(TERMINAL, 1, 0x21, extra={"__user_id__": user})
        verb, client, _, _ = self.router.services.receive(self.router.services.source("topic"), message)
        here = [each for each in self.clients if each.user_id == user]
        assert (client in here) if here else (verb is Verb.DROP)

    def check(self, action: Action, verb: Verb, params: bytes) -> None:
        """An open call ends by an action for the client that has made it, with its number."""
        assert (action[0], action[1], RpcMessage.parse(action[3]).sequence) == (verb, *self.owners[params])
        self.open.remove(params)

    @invariant()
    def the_gateway_waits_for_the_open_calls_and_no_others(self) -> None:
        if hasattr(self, "router"):
            assert sum(len(client.waiting) for client in self.clients) == len(self.open)
            assert all(len(client.waiting) <= MOST_WAITING for client in self.clients)
            doors = self.router.state.table.doors["clients"]
            assert doors.clients == set(self.clients)


TestGateway = GatewayMachine.TestCase
TestGateway.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
