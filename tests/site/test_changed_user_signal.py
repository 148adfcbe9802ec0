"""Messages to rtserver's queue about a user who changed: other groups, another password, no account."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
import redis

if TYPE_CHECKING:
    from django.contrib.auth.models import Group, User


@pytest.fixture
def ann(django_site: None, queue: redis.Redis) -> "Iterator[User]":
    """A user in no group, whose making nobody was told of."""
    from django.contrib.auth.models import Group, User
    from django.db import connections

    ann = User.objects.create_user("ann")
    queue.delete("queue:rtserver")
    yield ann
    User.objects.filter(username__startswith="ann").delete()
    Group.objects.all().delete()
    connections.close_all()


@pytest.fixture
def buyers(ann: "User") -> "Group":
    from django.contrib.auth.models import Group

    return Group.objects.create(name="buyers")


@pytest.fixture
def told(queue: redis.Redis) -> Callable[[], list[int]]:
    """The ids that were named since the last call."""

    def take() -> list[int]:
        messages = [json.loads(message) for message in queue.lrange("queue:rtserver", 0, -1)]
        queue.delete("queue:rtserver")
        assert all((message["type"], message["data"]["op"]) == ("django_site", "recheck") for message in messages)
        return [message["data"]["user_id"] for message in messages]

    return take


def test_a_user_who_joins_or_leaves_a_group_is_named(
    ann: "User", buyers: "Group", told: Callable[[], list[int]]
) -> None:
    ann.groups.add(buyers)
    assert told() == [ann.pk]
    ann.groups.remove(buyers)
    assert told() == [ann.pk]
    ann.groups.set([buyers])
    ann.groups.clear()
    assert told() == [ann.pk, ann.pk]


def test_it_is_the_same_from_the_groups_side(ann: "User", buyers: "Group", told: Callable[[], list[int]]) -> None:
    buyers.user_set.add(ann)
    assert told() == [ann.pk]
    buyers.user_set.clear()
    assert told() == [ann.pk]
    buyers.user_set.clear()
    assert told() == []


def test_what_changes_nothing_is_not_told(ann: "User", buyers: "Group", told: Callable[[], list[int]]) -> None:
    ann.groups.set([])
    buyers.save()
    ann.save(update_fields=["last_login"])
    assert told() == []


def test_a_group_that_gets_another_name_or_goes_is_told_of_its_members(
    ann: "User", buyers: "Group", told: Callable[[], list[int]]
) -> None:
    ann.groups.add(buyers)
    told()
    buyers.name = "sellers"
    buyers.save()
    assert told() == [ann.pk]
    buyers.delete()
    assert told() == [ann.pk]


def test_a_user_who_may_not_log_in_any_more_is_named(ann: "User", told: Callable[[], list[int]]) -> None:
    user_id = ann.pk
    ann.is_active = False
    ann.save()
    assert told() == [user_id]
    ann.delete()
    assert told() == [user_id]


def test_nothing_is_told_before_it_can_be_read_nor_if_it_never_happens(
    ann: "User", buyers: "Group", told: Callable[[], list[int]]
) -> None:
    from django.db import transaction

    with transaction.atomic():
        ann.groups.add(buyers)
        assert told() == []
    assert told() == [ann.pk]
    with transaction.atomic():
        ann.groups.clear()
        transaction.set_rollback(True)
    assert told() == []


def test_a_change_of_very_many_users_is_a_change_of_everyone(
    ann: "User", buyers: "Group", told: Callable[[], list[int]]
) -> None:
    from django.contrib.auth.models import User

    User.objects.bulk_create(User(username=f"ann{number}") for number in range(101))
    buyers.user_set.set(User.objects.filter(username__startswith="ann"))
    assert told() == ["*"]


def test_a_redis_that_is_away_keeps_nobody_from_changing_groups(
    ann: "User", buyers: "Group", caplog: pytest.LogCaptureFixture
) -> None:
    from django.test import override_settings

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        with override_settings(RTSERVER_REDIS_URL=f"redis://127.0.0.1:{silent.getsockname()[1]}/0"):
            ann.groups.add(buyers)
    assert list(ann.groups.all()) == [buyers]
    assert "rtserver is not told" in caplog.text
