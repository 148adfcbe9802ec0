"""The connected users, against a plain list of connections: arrivals, departures, closed sessions, kicks, pushes.

Any order of all that can happen to connections of a few users with a few sessions. What a user or a session gets
reaches exactly the connections of that moment, and nothing of a connection is left when it has ended.
"""

import asyncio
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rtserver.base.bridge.message import CloseSession, Deliver, Kick
from rtserver.base.wire.client_message import encode
from rtserver.base.wire.close_code import CloseCode
from rtserver.user.identity import Identity
from rtserver.user.session.recent_name import REMEMBERED_SECONDS
from tests.user_side import Client, Online

USERS = st.sampled_from([1, 2, 3])
SESSIONS = st.sampled_from(["a", "b", "c", "d"])


@dataclass(eq=False)
class Known:
    """A connection, and what the model knows of it."""

    client: Client
    user_id: int
    session_key: str
    closed_with: int | None = None


class SessionsMachine(RuleBasedStateMachine):
    """``site`` is the model of Django's sessions; ``closed`` of those whose end the site has told."""

    def __init__(self) -> None:
        super().__init__()
        self.online = Online()
        self.users = self.online.users
        self.known: list[Known] = []
        self.closed: dict[str, float] = {}
        self.pushed = 0

    def open_ones(self) -> list[Known]:
        return [known for known in self.known if known.closed_with is None]

    def is_refused(self, session_key: str) -> bool:
        return self.online.now - self.closed.get(session_key, float("-inf")) <= REMEMBERED_SECONDS

    @rule(user_id=USERS, session_key=SESSIONS)
    def log_in(self, user_id: int, session_key: str) -> None:
        """Perhaps in the session of somebody else, whose connections do not hear of it before they are looked at."""
        self.online.site.sessions[session_key] = Identity(user_id, f"user {user_id}", session_key)

    @rule(session_key=SESSIONS)
    def log_out_without_a_word(self, session_key: str) -> None:
        self.online.site.sessions.pop(session_key, None)

    @rule(session_key=SESSIONS)
    def connect(self, session_key: str) -> None:
        identity = self.online.site.sessions.get(session_key)
        may_come = identity is not None and not self.is_refused(session_key)
        found = asyncio.run(self.users.authenticate(session_key))
        assert (found is not None) == may_come
        if identity is not None and may_come:
            client = Client(self.users, identity)
            assert [message["type"] for message in client.wire.take()] == ["userinfo"]
            self.known.append(Known(client, int(identity.user_id), session_key))

    @rule(session_key=SESSIONS)
    def connect_while_the_session_is_closed(self, session_key: str) -> None:
        """It was looked up before its end was told."""
        self.online.site.on_look_up = self.close_session
        assert asyncio.run(self.users.authenticate(session_key)) is None
        self.online.site.on_look_up = lambda session_key: None

    @precondition(open_ones)
    @rule(place=st.integers(0, 20))
    def leave(self, place: int) -> None:
        open_ones = self.open_ones()
        known = open_ones[place % len(open_ones)]
        known.client.wire.close(CloseCode.GOING_AWAY)
        known.closed_with = CloseCode.GOING_AWAY

    @rule(session_key=SESSIONS)
    def close_session(self, session_key: str) -> None:
        self.users.handle(CloseSession(session_key))
        self.closed[session_key] = self.online.now
        for known in self.open_ones():
            if known.session_key == session_key:
                known.closed_with = CloseCode.SESSION_CLOSED

    @rule(user_id=USERS)
    def kick(self, user_id: int) -> None:
        self.users.handle(Kick(user_id, "out"))
        for known in self.open_ones():
            if known.user_id == user_id:
                known.closed_with = CloseCode.KICKED

    @rule()
    def look_every_session_up(self) -> None:
        asyncio.run(self.users.recheck_sessions())
        for known in self.open_ones():
            identity = self.online.site.sessions.get(known.session_key)
            if identity is None or identity.user_id != known.user_id:
                known.closed_with = CloseCode.SESSION_CLOSED

    @rule(session_key=SESSIONS)
    def look_up_while_the_site_cannot_answer_for_one(self, session_key: str) -> None:
        site = self.online.site
        site.outage, site.broken = RuntimeError("no database"), {session_key}
        asyncio.run(self.users.recheck_sessions())
        site.outage, site.broken = None, set()
        for known in self.open_ones():
            identity = site.sessions.get(known.session_key)
            is_other = identity is None or identity.user_id != known.user_id
            if known.session_key != session_key and is_other:
                known.closed_with = CloseCode.SESSION_CLOSED

    @rule(user_ids=st.none() | st.lists(USERS, max_size=4))
    def push(self, user_ids: list[int] | None) -> None:
        self.pushed += 1
        self.users.handle(Deliver(None if user_ids is None else tuple(user_ids), encode("notice", self.pushed), None))
        for known in self.known:
            is_meant = known.closed_with is None and (user_ids is None or known.user_id in user_ids)
            heard = [message["data"] for message in known.client.wire.take()]
            assert heard == ([self.pushed] if is_meant else [])

    @rule(seconds=st.sampled_from([1, REMEMBERED_SECONDS / 2, REMEMBERED_SECONDS + 1]))
    def wait(self, seconds: float) -> None:
        self.online.now += seconds

    @invariant()
    def exactly_the_open_connections_are_known(self) -> None:
        open_ones = self.open_ones()
        assert sorted(self.users.agents) == sorted(known.client.agent.id for known in open_ones)
        assert self.users.user_count == len({known.user_id for known in open_ones})
        for user_id in (1, 2, 3):
            agents = [known.client.agent for known in open_ones if known.user_id == user_id]
            assert list(self.users.get_users(user_id)) == agents

    @invariant()
    def each_connection_ended_as_it_should(self) -> None:
        for known in self.known:
            closed = known.client.wire.closed
            assert (closed and closed[0]) == known.closed_with


TestSessions = SessionsMachine.TestCase
