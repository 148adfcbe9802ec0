"""Gateways, a registry that lags, and users who move between them: all of it without sockets."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from tcelib.gateway.action import Action
from tcelib.gateway.client import Client
from tcelib.gateway.verb import Reason, Verb
from tcelib.runtime.gateway.user_side import UserSide
from tcelib.wire.message import RpcMessage
from tests.tcelib.gateway.rig import ONE_WAY, TERMINAL, body, small


class World:
    """Registry and inboxes. A gateway's notes count when they are ``told``."""

    def __init__(self, gateways: Sequence[str]) -> None:
        self.seconds = 0.0
        self.held: dict[str, dict[str, None]] = {name: {} for name in gateways}
        self.last: dict[str, str] = {}
        self.inboxes: dict[str, list[bytes]] = defaultdict(list)
        self.gateways = {name: Node(self, name) for name in gateways}
        self.pushed = 0

    def where(self, users: Collection[str], /) -> Mapping[str, tuple[str, ...]]:
        """See ``Place``."""
        found = {user: [name for name, held in self.held.items() if user in held] for user in users}
        places = {
            user: tuple(sorted(names, key=lambda name: name == self.last.get(user))) for user, names in found.items()
        }
        return {user: names for user, names in places.items() if names}

    def put(self, inbox: str, bodies: Sequence[bytes], /) -> None:
        """See ``Place``."""
        self.inboxes[inbox] += bodies

    def close(self) -> None:
        """See ``Place``."""

    def push(self, user: str) -> bytes | None:
        """Send a message as a service does, and return its parameters; None if the user is at no gateway."""
        names = self.where([user]).get(user)
        if names is None:
            return None
        params = b"%d" % self.pushed
        self.pushed += 1
        self.put(names[-1], [body(TERMINAL, self.pushed, ONE_WAY, extra={"__user_id__": user}, params=params)])
        return params


class Node:
    """One gateway. ``delivered`` has who got what."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.router = small(checks=True)
        self.notes: list[tuple[str, bool]] = []
        self.delivered: list[tuple[str, bytes]] = []
        self.users = UserSide(self.router, self, world, name, self.act, clock=lambda: world.seconds)

    def hold(self, what: str, item: str) -> None:
        """See ``Holding``."""
        self.notes.append((item, True))

    def drop(self, what: str, item: str) -> None:
        """See ``Holding``."""
        self.notes.append((item, False))

    def act(self, action: Action) -> None:
        """Do what the router decides."""
        verb, client, name, sent = action
        if verb is Verb.PASS:
            self.users.pass_on(name, sent)
        elif verb is Verb.DELIVER:
            assert client is not None
            self.delivered.append((client.user_id, RpcMessage.parse(sent).paramstream))

    def log_in(self, user: str) -> Client:
        """A new connection of a user."""
        client = self.router.clients.connect("clients")
        self.router.clients.name(client, user)
        self.users.came(user)
        return client

    def log_out(self, client: Client) -> None:
        """The connection is lost."""
        self.router.clients.disconnect(client)
        self.users.went(client.user_id)

    def tell(self) -> None:
        """Tell the registry."""
        held = self.world.held[self.name]
        for user, is_held in self.notes:
            if is_held:
                held[user] = None
                self.world.last[user] = self.name
            else:
                held.pop(user, None)
        self.notes.clear()

    def read(self) -> None:
        """Take what is in the inbox."""
        bodies, self.world.inboxes[self.name] = self.world.inboxes[self.name], []
        for sent in bodies:
            self.users.take(sent)

    @property
    def dropped(self) -> int:
        """Messages that were given up."""
        return self.router.state.dropped[Reason.NOT_HERE]
