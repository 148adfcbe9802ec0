"""Open agents by id, by user and by session. Pure: an entry lives as long as its agents."""

from collections.abc import Mapping
from types import MappingProxyType

from rtserver.user.user_agent import UserAgent


class AgentIndex:
    """Agents by a name that several of them may share."""

    def __init__(self) -> None:
        self._agents: dict[str, dict[int, UserAgent]] = {}

    def __len__(self) -> int:
        return len(self._agents)

    def add(self, name: str, agent: UserAgent) -> None:
        """Add an agent to a name."""
        self._agents.setdefault(name, {})[agent.id] = agent

    def remove(self, name: str, agent: UserAgent) -> None:
        """Remove an agent from its name. The last agent takes the name with it."""
        agents = self._agents[name]
        del agents[agent.id]
        if not agents:
            del self._agents[name]

    def get(self, name: str) -> tuple[UserAgent, ...]:
        """Return the agents of a name, the oldest first."""
        return tuple(self._agents.get(name, {}).values())

    def count(self, name: str) -> int:
        """Return the number of agents of a name."""
        return len(self._agents.get(name, ()))

    def names(self) -> tuple[str, ...]:
        """Return all names."""
        return tuple(self._agents)


class AgentRegistry:
    """All agents with an open connection. ``by_id`` is a live view."""

    def __init__(self) -> None:
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
        self.by_user.add(str(agent.user.user_id), agent)
        self.by_session.add(agent.user.session_key, agent)

    def remove(self, agent: UserAgent) -> None:
        """Remove an agent."""
        del self._by_id[agent.id]
        self.by_user.remove(str(agent.user.user_id), agent)
        self.by_session.remove(agent.user.session_key, agent)
