"""Whom sessions belong to, by the site's own rules: Django's ``get_user`` decides about each session.

The users it asks for are read for all sessions with one query, where that is what their backend would do. Nothing of
the site's is changed.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from types import FunctionType, SimpleNamespace
from typing import Any, TypeAlias

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY, get_user, get_user_model, load_backend
from django.core.exceptions import ValidationError

from rtserver.user.session.site_look_up import look_up_each
from rtserver.user.session.site_store import Data

log = logging.getLogger(__name__)

User: TypeAlias = Any
"""A user object of the site's own model, or an ``Exception`` in its place where nobody can tell."""

UserId: TypeAlias = Any
"""A primary key of that model."""

Backend: TypeAlias = Any
"""An authentication backend of the site."""


class SessionData(Data):
    """A session's data, cut off from its store.

    ``get_user`` ends a session whose hash is wrong, and gives one that was signed with an old secret key a new key.
    The first is for the site to do, and the second would take the browser's session away: only a site's answer can
    carry the cookie with the new key.
    """

    def flush(self) -> None:
        """Leave the session to the site."""

    def cycle_key(self) -> None:
        """Leave the session to the site."""


class ReadBackend:
    """A backend of the site, some of whose users have been read already."""

    def __init__(self, backend: Backend, users: Mapping[UserId, User]) -> None:
        self._backend = backend
        self._users = users

    def get_user(self, user_id: UserId) -> User | None:
        """As ``ModelBackend``; whom the query for all did not find is asked for again, as that is Django's to say."""
        user = self._users.get(user_id)
        if user is None:
            return self._backend.get_user(user_id)
        return user if self._backend.user_can_authenticate(user) else None


def find_users(sessions: Mapping[str, Data]) -> dict[str, User]:
    """The site's user for each session by key, None for one that holds no more; an error where nobody can tell.

    Blocks.
    """
    backends: dict[str, ReadBackend] = {}
    try:
        backends = _read_backends(sessions.values())
    except Exception as error:  # noqa: BLE001 (what is raised for a single one counts)
        log.info("! the users of %d sessions are read one by one: %s", len(sessions), error)
    ask = _get_user_with(lambda path: backends.get(path) or load_backend(path))

    def find(session_key: str) -> User | None:
        user = ask(SimpleNamespace(session=SessionData(sessions[session_key])))
        return user if user.is_authenticated else None

    return look_up_each(sessions, find)


def find_groups(users: Mapping[str, User]) -> dict[str, frozenset[str] | Exception]:
    """The names of the groups of those whom ``find_users`` found, by the same keys; an error where nobody can tell.

    One query for all. Users without groups, by their model or as it happens, have no names. Blocks.
    """
    model = get_user_model()
    found = {key: user.pk for key, user in users.items() if isinstance(user, model)}
    if not found or not hasattr(model, "groups"):
        return {}
    names: dict[UserId, set[str]] = {user_id: set() for user_id in found.values()}
    try:
        rows = model._base_manager.filter(pk__in=names, groups__isnull=False).values_list("pk", "groups__name")
        for user_id, name in rows:
            names[user_id].add(name)
    except Exception as error:  # noqa: BLE001 (whatever the site raises: it is told to whoever asked)
        return dict.fromkeys(found, error)
    return {key: frozenset(names[user_id]) for key, user_id in found.items()}


def _read_backends(sessions: Collection[Data]) -> dict[str, ReadBackend]:
    """The backends, by path, whose users can be read with one query, and the users."""
    paths = set(settings.AUTHENTICATION_BACKENDS).intersection(data.get(BACKEND_SESSION_KEY) for data in sessions)
    backends = {path: backend for path in paths if _reads_by_id(backend := load_backend(path))}
    users = _users_by_id({data.get(SESSION_KEY) for data in sessions if data.get(BACKEND_SESSION_KEY) in backends})
    return {path: ReadBackend(backend, users) for path, backend in backends.items()}


def _reads_by_id(backend: Backend) -> bool:
    # Models can be imported when Django is set up, and not before.
    from django.contrib.auth.backends import ModelBackend

    return getattr(type(backend), "get_user", None) is ModelBackend.get_user


def _users_by_id(session_ids: Iterable[UserId]) -> dict[UserId, User]:
    model = get_user_model()
    user_ids = set()
    for session_id in session_ids:
        with suppress(ValidationError):  # that one's session is refused later
            user_ids.add(model._meta.pk.to_python(session_id))
    users: dict[UserId, User] = model._default_manager.in_bulk(user_ids - {None})
    return users


def _get_user_with(find_backend: Callable[[str], Backend]) -> Callable[[object], User]:
    """Django's own ``get_user``, to whom ``load_backend`` means ``find_backend``.

    The code is Django's to the letter, so that each rule about who is let in is written once, by Django. A Django
    that comes to its backends by another way gives the same answers, and reads user by user.
    """
    names = {**get_user.__globals__, "load_backend": find_backend}
    return FunctionType(get_user.__code__, names, get_user.__name__, get_user.__defaults__, get_user.__closure__)
