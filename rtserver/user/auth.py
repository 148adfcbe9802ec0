"""Who a request is from, answered by Django: the site's own session engine, backend and session hash.

Decides nothing that Django decides, and changes nothing that belongs to the site: a look-up never ends, cycles or
creates a session. This is the one file of ``user`` that knows Django; it has to be set up before the first look-up.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from concurrent.futures import Executor
from http.cookies import Morsel
from importlib import import_module
from types import SimpleNamespace
from typing import Any, Protocol

import msgspec
from django.conf import settings
from django.contrib.auth import get_user
from django.core.cache.backends.base import InvalidCacheKey
from django.core.exceptions import SuspiciousOperation, ValidationError
from django.db import close_old_connections

log = logging.getLogger(__name__)


_SESSION_KEY = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{8,4096}")
"""What a browser keeps as a cookie's value (RFC 6265, sections 4.1.1 and 6.1), and Django takes for a session key."""


class Identity(msgspec.Struct, frozen=True):
    """A logged-in user, and the session that says so."""

    user_id: int | str
    name: str
    session_key: str


class Request(Protocol):
    """An HTTP request, as far as its cookies go: Tornado's ``HTTPServerRequest`` is one."""

    @property
    def cookies(self) -> Mapping[str, Morsel[str]]:
        """The cookies by name; malformed ones are left out."""


class SessionData(dict[str, Any]):
    """A session's data, cut off from its store.

    ``get_user`` ends a session whose hash is wrong, and gives one that was signed with an old secret key a new key.
    The first is for the site to do, and the second would take the browser's session away: only a site's answer can
    carry the cookie with the new key.
    """

    def flush(self) -> None:
        """Leave the session to the site."""

    def cycle_key(self) -> None:
        """Leave the session to the site."""


class SessionAuthenticator:
    """Looks sessions up. Look-ups block, so the event loop has them done by ``executor``."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def session_key(self, request: Request) -> str | None:
        """The key in the request's session cookie; None without one."""
        cookie = request.cookies.get(settings.SESSION_COOKIE_NAME)
        return None if cookie is None or not cookie.value else cookie.value

    async def authenticate(self, request: Request) -> Identity | None:
        """Whose session cookie the request carries; None without one or for one that does not hold.

        Raises what the session's store or the database raises when it cannot be reached.
        """
        session_key = self.session_key(request)
        return None if session_key is None else await self.look_up(session_key)

    async def look_up(self, session_key: str) -> Identity | None:
        """``find`` by the executor."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self.find, session_key)

    def find(self, session_key: str) -> Identity | None:
        """Whose session it is; None for one that is unknown, expired or forged, or whose user may not log in.

        Blocks. Raises what the session's store or the database raises when it cannot be reached.
        """
        if not _SESSION_KEY.fullmatch(session_key):
            return None
        close_old_connections()
        try:
            return _find(session_key)
        finally:
            close_old_connections()


def _find(session_key: str) -> Identity | None:
    try:
        data = _load(session_key)
        if not data:
            return None
        user = get_user(SimpleNamespace(session=SessionData(data)))
    except (SuspiciousOperation, InvalidCacheKey, ValidationError) as error:
        # A key that the store cannot have given out, or a user id that the site's user model cannot have.
        log.info("! a session is refused: %s", error)
        return None
    if not user.is_authenticated:
        return None
    user_id = user.pk if isinstance(user.pk, int) else str(user.pk)
    return Identity(user_id, user.get_username(), session_key)


def _load(session_key: str) -> dict[str, Any]:
    """The session's data, empty if there is none.

    A cache engine reads as empty while its cache cannot be reached. ``exists`` raises then, and tells "no such
    session" from "nobody knows"; if it finds the session after all, the second reading counts.
    """
    data, exists = _read(session_key)
    return _read(session_key)[0] if exists and not data else data


def _read(session_key: str) -> tuple[dict[str, Any], bool]:
    store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    if store.session_key is None:
        return {}, False
    # The file engine creates a new session in place of an expired one, as a site's visitor needs it.
    store.create = _create_nothing
    data: dict[str, Any] = store.load()
    return data, bool(data) or store.exists(session_key)


def _create_nothing() -> None:
    pass
