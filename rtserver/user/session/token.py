"""Tokens: credentials of clients without a cookie, which the site makes for its users.

A token holds the user, backend and password hash of a session, signed with the site's ``SECRET_KEY``. The site's
backend judges it like a session: a changed password or a deactivated user ends it. Tokens are made in the site's own
process, so this file needs nothing else of rtserver.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core import signing

PREFIX = "rtserver:"
"""Prefix of every token. No session key of Django begins with it."""

SALT = "rtserver.user.token"


def make_token(user: Any, backend: str = "") -> str:
    """Return a token, in ASCII, for a user of the site such as ``request.user``.

    ``backend`` is the dotted path of the backend that authenticated the user. Raises ``ValueError`` if the site has
    several and neither ``backend`` nor ``user.backend`` names one.
    """
    backend = backend or getattr(user, "backend", "")
    if not backend:
        if len(settings.AUTHENTICATION_BACKENDS) != 1:
            raise ValueError("the site has several authentication backends: pass the path of the user's")
        backend = settings.AUTHENTICATION_BACKENDS[0]
    user_id = user._meta.pk.value_to_string(user)
    signed: str = signing.dumps([user_id, backend, user.get_session_auth_hash()], salt=SALT)
    return PREFIX + signed


def is_token(key: str) -> bool:
    """Return True for a token, False for the key of a session."""
    return key.startswith(PREFIX)


def read_token(token: str, max_age_seconds: float) -> dict[str, str] | None:
    """Return the data of a session of the token's user, or None for a token that is forged or too old."""
    try:
        user_id, backend, auth_hash = signing.loads(token.removeprefix(PREFIX), salt=SALT, max_age=max_age_seconds)
    except signing.BadSignature:
        return None
    return {SESSION_KEY: user_id, BACKEND_SESSION_KEY: backend, HASH_SESSION_KEY: auth_hash}
