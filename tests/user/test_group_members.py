"""Which users are in which groups, for the presence of groups."""

import pytest

from rtserver.user.agent_registry import AgentRegistry
from rtserver.user.group_members import GroupMembers
from rtserver.user.identity import Identity
from tests.user_side import Online


def user(*groups: str, user_id: int = 7) -> Identity:
    return Identity(user_id, "ann", "key", frozenset(groups))


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def members(heard: list[str]) -> GroupMembers:
    return GroupMembers(
        ["staff", "traders"],
        lambda group, user_id: heard.append(f"+{group} {user_id}"),
        lambda group, user_id: heard.append(f"-{group} {user_id}"),
    )


def test_only_groups_that_are_offered_are_told(members: GroupMembers, heard: list[str]) -> None:
    members.look_at(user("staff", "others"))
    members.look_at(user("staff", "others"))
    assert heard == ["+staff 7"]


def test_a_change_of_groups_is_told_and_an_end_ends_all(members: GroupMembers, heard: list[str]) -> None:
    members.look_at(user("staff"))
    members.look_at(user("traders"))
    members.went("7")
    members.went("7")
    members.look_at(user())
    assert heard == ["+staff 7", "+traders 7", "-staff 7", "-traders 7"]


def test_a_registry_of_agents_tells_the_first_and_the_last_and_each_change(
    members: GroupMembers, heard: list[str]
) -> None:
    online = Online()
    registry = AgentRegistry(None, members)
    agents = [online.connect(7).agent for _ in range(2)]
    for agent in agents:
        registry.add(agent)
    registry.on_user_change(user("staff"))
    assert heard == ["+staff 7"]
    for agent in agents:
        registry.remove(agent)
    assert heard == ["+staff 7", "-staff 7"]
