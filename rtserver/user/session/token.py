"""Tokens: what a client shows that has no cookie, made by the site for one of its users.

A token holds what a session holds about who is logged in, signed with the site's ``SECRET_KEY``. So whether it is
good is decided as for a session, by the site's backend: a changed password or a deactivated user ends it. It is made
in the site's own process, so nothing else of rtserver is needed here.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.core import signing

PREFIX = "rtserver:"
"""No session key of Django's begins with it."""

SALT = "rtserver.user.token"


def make_token(user: Any, backend: str = "") -> str:
    """A token for a user of the site, as ``request.user``; ASCII.

    ``backend`` is the dotted path of the one that the user was authenticated by. Raises ``ValueError`` if the site
    has several, and neither it nor ``user.backend`` says which.
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
    """Whether it is meant as a token, rather than as the key of a session."""
    return key.startswith(PREFIX)


def read_token(token: str, max_age_seconds: float) -> dict[str, str] | None:
    """What a session of its user would hold; None for a token that is forged, or too old."""
    try:
        user_id, backend, auth_hash = signing.loads(token.removeprefix(PREFIX), salt=SALT, max_age=max_age_seconds)
    except signing.BadSignature:
        return None
    return {SESSION_KEY: user_id, BACKEND_SESSION_KEY: backend, HASH_SESSION_KEY: auth_hash}
