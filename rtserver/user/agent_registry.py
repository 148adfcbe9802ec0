"""Open agents by id, by user and by session. Pure: an entry lives as long as its agents."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from rtserver.user.group_members import GroupMembers
from rtserver.user.identity import Identity
from rtserver.user.user_agent import UserAgent


class Presence(Protocol):
    """Hears which users are here. Must not wait."""

    def came(self, user_id: str) -> object:
        """Called with a user's first agent."""

    def went(self, user_id: str) -> object:
        """Called after a user's last agent."""


class AgentIndex:
    """Agents by a name that several of them may share."""

    def __init__(self) -> None:
        self._agents: dict[str, dict[int, UserAgent]] = {}

    def __len__(self) -> int:
        return len(self._agents)

    def add(self, name: str, agent: UserAgent) -> bool:
        """Add an agent to a name. Return True if it is the first one."""
        agents = self._agents.setdefault(name, {})
        agents[agent.id] = agent
        return len(agents) == 1

    def remove(self, name: str, agent: UserAgent) -> bool:
        """Remove an agent from its name. Return True if it was the last one, which takes the name with it."""
        agents = self._agents[name]
        del agents[agent.id]
        if not agents:
            del self._agents[name]
        return not agents

    def get(self, name: str) -> tuple[UserAgent, ...]:
        """Return the agents of a name, the oldest first."""
        return tuple(self._agents.get(name, {}).values())

    def names(self) -> tuple[str, ...]:
        """Return all names."""
        return tuple(self._agents)


class AgentRegistry:
    """All agents with an open connection. ``by_id`` is a live view.

    ``presence`` hears of users who come and go, and ``groups`` which groups they are in.
    """

    def __init__(self, presence: Presence | None = None, groups: GroupMembers | None = None) -> None:
        self._presence = presence
        self._groups = groups
        self._by_id: dict[int, UserAgent] = {}
        self.by_id: Mapping[int, UserAgent] = MappingProxyType(self._by_id)
        self.by_user = AgentIndex()
        self.by_session = AgentIndex()

    def all(self) -> tuple[UserAgent, ...]:
        """Return every agent."""
        return tuple(self._by_id.values())

    def add(self, agent: UserAgent) -> None:
        """Add a new agent."""
        self._by_id[agent.id] = agent
        user_id = str(agent.user.user_id)
        is_first = self.by_user.add(user_id, agent)
        self.by_session.add(agent.user.session_key, agent)
        if is_first and self._presence is not None:
            self._presence.came(user_id)
        if self._groups is not None:
            self._groups.look_at(agent.user)

    def on_user_change(self, user: Identity) -> None:
        """Note that an agent's user has changed."""
        if self._groups is not None:
            self._groups.look_at(user)

    def remove(self, agent: UserAgent) -> None:
        """Remove an agent."""
        del self._by_id[agent.id]
        user_id = str(agent.user.user_id)
        was_last = self.by_user.remove(user_id, agent)
        self.by_session.remove(agent.user.session_key, agent)
        if was_last and self._presence is not None:
            self._presence.went(user_id)
        if was_last and self._groups is not None:
            self._groups.went(user_id)
