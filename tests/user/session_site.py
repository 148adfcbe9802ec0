"""The site's side of sessions: logs people in and out and changes them, and has a cache and backends of its own."""

import itertools
from collections.abc import Iterable
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache.backends.base import InvalidCacheKey
from django.core.cache.backends.locmem import LocMemCache

from rtserver.user.identity import Identity
from rtserver.user.session.authenticator import SessionAuthenticator

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ENGINES = ("db", "cache", "cached_db", "signed_cookies", "file")
STORED = ("db", "cache", "cached_db", "file")
"""Those whose sessions are somewhere: a signed cookie holds until it expires, whatever happens to it elsewhere."""

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"

numbers = itertools.count()


async def look_up(auth: SessionAuthenticator, session_key: str) -> Identity | None:
    return await auth.look_up(session_key)


class StrictCache(LocMemCache):
    """Like a memcached, it takes no long keys."""

    def validate_key(self, key: str) -> None:
        if len(key) > 250:
            raise InvalidCacheKey("too long")


class SessionSite:
    """Settings may be changed for the rest of the test."""

    def __init__(self, stack: ExitStack, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._stack = stack
        self._files = files
        self._monkeypatch = monkeypatch

    def use(self, **settings: object) -> None:
        from django.test import override_settings

        self._stack.enter_context(override_settings(**settings))

    def use_engine(self, engine: str) -> None:
        from django.contrib.sessions.backends.file import SessionStore

        # The class keeps the first directory that it was given.
        self._monkeypatch.setattr(SessionStore, "_storage_path", str(self._files), raising=False)
        self.use(SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}")

    def store(self, key: str | None = None) -> SessionBase:
        from django.conf import settings

        return import_module(settings.SESSION_ENGINE).SessionStore(key)

    def make_user(self, **fields: bool | str) -> "User":
        from django.contrib.auth import get_user_model

        return get_user_model().objects.create_user(f"user{next(numbers)}", password="secret", **fields)

    def make_users(self, count: int) -> list:
        from django.contrib.auth import get_user_model

        model = get_user_model()
        return model.objects.bulk_create(model(username=f"user{next(numbers)}") for _ in range(count))

    def log_in(self, user: "User") -> str:
        """The value of the browser's session cookie."""
        from django.test import Client

        self.browser = Client()
        assert self.browser.login(username=user.get_username(), password="secret")
        return self.browser.cookies["sessionid"].value

    def make_session(self, user: "User", without: Iterable[str] = (), **changes: str | int | None) -> str:
        """The key of a session as a log-in makes it, but for changes of its data; ``expiry`` is in seconds."""
        store = self.store()
        expiry = changes.pop("expiry", None)
        if expiry is not None:
            store.set_expiry(expiry)
        data = {
            "_auth_user_id": str(user.pk),
            "_auth_user_backend": MODEL_BACKEND,
            "_auth_user_hash": user.get_session_auth_hash(),
            **changes,
        }
        store.update({name: value for name, value in data.items() if name not in without})
        store.save(must_create=True)
        return store.session_key
