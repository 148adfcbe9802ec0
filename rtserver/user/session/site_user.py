"""Users of sessions, by the site's own rules: Django's ``get_user`` decides about each session.

Its users are read with one query for all sessions, where their backend reads by id. Nothing of the site's is changed.
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
    """A session's data without its store.

    ``get_user`` ends a session with a wrong hash, and gives a new key to one that was signed with an old secret key.
    Ending it is the site's business. A new key would log the browser out: only an answer of the site can carry the
    new cookie.
    """

    def flush(self) -> None:
        """Leave the session to the site."""

    def cycle_key(self) -> None:
        """Leave the session to the site."""


class ReadBackend:
    """A backend of the site, with users that have been read already."""

    def __init__(self, backend: Backend, users: Mapping[UserId, User]) -> None:
        self._backend = backend
        self._users = users

    def get_user(self, user_id: UserId) -> User | None:
        """Return the user as ``ModelBackend`` does. A user that the common query did not find is read again."""
        user = self._users.get(user_id)
        if user is None:
            return self._backend.get_user(user_id)
        return user if self._backend.user_can_authenticate(user) else None


def find_users(sessions: Mapping[str, Data]) -> dict[str, User]:
    """Return the site's user of each session: None for a session that is not valid, an exception for a failure.

    Blocks.
    """
    backends: dict[str, ReadBackend] = {}
    try:
        backends = _read_backends(sessions.values())
    except Exception as error:  # noqa: BLE001 (the errors of single reads count)
        log.info("! the users of %d sessions are read one by one: %s", len(sessions), error)
    ask = _get_user_with(lambda path: backends.get(path) or load_backend(path))

    def find(session_key: str) -> User | None:
        user = ask(SimpleNamespace(session=SessionData(sessions[session_key])))
        return user if user.is_authenticated else None

    return look_up_each(sessions, find)


def find_groups(users: Mapping[str, User]) -> dict[str, frozenset[str] | Exception]:
    """Return the names of the groups of the users from ``find_users``, by the same keys; an exception for a failure.

    One query reads all. Users without groups, and users of a model without groups, have no names. Blocks.
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
    except Exception as error:  # noqa: BLE001 (the site may raise anything; it is the answer)
        return dict.fromkeys(found, error)
    return {key: frozenset(names[user_id]) for key, user_id in found.items()}


def _read_backends(sessions: Collection[Data]) -> dict[str, ReadBackend]:
    """Return the backends by path whose users can be read with one query, with those users."""
    paths = set(settings.AUTHENTICATION_BACKENDS).intersection(data.get(BACKEND_SESSION_KEY) for data in sessions)
    backends = {path: backend for path in paths if _reads_by_id(backend := load_backend(path))}
    users = _users_by_id({data.get(SESSION_KEY) for data in sessions if data.get(BACKEND_SESSION_KEY) in backends})
    return {path: ReadBackend(backend, users) for path, backend in backends.items()}


def _reads_by_id(backend: Backend) -> bool:
    # Models can be imported only after Django's set-up.
    from django.contrib.auth.backends import ModelBackend

    return getattr(type(backend), "get_user", None) is ModelBackend.get_user


def _users_by_id(session_ids: Iterable[UserId]) -> dict[UserId, User]:
    model = get_user_model()
    user_ids = set()
    for session_id in session_ids:
        with suppress(ValidationError):  # get_user refuses that session later
            user_ids.add(model._meta.pk.to_python(session_id))
    users: dict[UserId, User] = model._default_manager.in_bulk(user_ids - {None})
    return users


def _get_user_with(find_backend: Callable[[str], Backend]) -> Callable[[object], User]:
    """Return Django's own ``get_user`` with ``find_backend`` in the place of ``load_backend``.

    The code is Django's, so that every rule about log-ins is written once. A Django that reaches its backends in
    another way gives the same answers, and reads user by user.
    """
    names = {**get_user.__globals__, "load_backend": find_backend}
    return FunctionType(get_user.__code__, names, get_user.__name__, get_user.__defaults__, get_user.__closure__)
