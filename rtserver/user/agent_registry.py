"""The open agents, by id, by user and by session. Pure bookkeeping: an entry lives exactly as long as its agents."""

from collections.abc import Mapping
from types import MappingProxyType

from rtserver.user.user_agent import UserAgent


class AgentIndex:
    """Agents under a name that several of them may share."""

    def __init__(self) -> None:
        self._agents: dict[str, dict[int, UserAgent]] = {}

    def __len__(self) -> int:
        return len(self._agents)

    def add(self, name: str, agent: UserAgent) -> None:
        """Enter an agent."""
        self._agents.setdefault(name, {})[agent.id] = agent

    def remove(self, name: str, agent: UserAgent) -> None:
        """Strike an agent that was entered under the name; the last one takes the name with it."""
        agents = self._agents[name]
        del agents[agent.id]
        if not agents:
            del self._agents[name]

    def get(self, name: str) -> tuple[UserAgent, ...]:
        """The agents of that name, in the order in which they came."""
        return tuple(self._agents.get(name, {}).values())

    def count(self, name: str) -> int:
        """How many agents have that name."""
        return len(self._agents.get(name, ()))

    def names(self) -> tuple[str, ...]:
        """All names."""
        return tuple(self._agents)


class AgentRegistry:
    """All agents whose connection is open. ``by_id`` is a view that changes with them."""

    def __init__(self) -> None:
        self._by_id: dict[int, UserAgent] = {}
        self.by_id: Mapping[int, UserAgent] = MappingProxyType(self._by_id)
        self.by_user = AgentIndex()
        self.by_session = AgentIndex()

    def all(self) -> tuple[UserAgent, ...]:
        """Every agent."""
        return tuple(self._by_id.values())

    def add(self, agent: UserAgent) -> None:
        """Enter a new agent."""
        self._by_id[agent.id] = agent
        self.by_user.add(str(agent.user.user_id), agent)
        self.by_session.add(agent.session_key, agent)

    def remove(self, agent: UserAgent) -> None:
        """Strike an agent that was entered."""
        del self._by_id[agent.id]
        self.by_user.remove(str(agent.user.user_id), agent)
        self.by_session.remove(agent.session_key, agent)
