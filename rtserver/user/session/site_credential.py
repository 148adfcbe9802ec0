"""Form, age and lifetime of credentials.

Some credentials are valid by their signature alone: tokens, and the sessions of an engine that keeps them in signed
cookies. No store can end those, so their revocations are kept (``RevocationPort``).
"""

import re

from django.contrib.sessions.backends import signed_cookies
from django.core.signing import b62_decode

from rtserver.user.session.site_store import store_class
from rtserver.user.session.token import is_token

_POSSIBLE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{8,4096}")
"""Values that browsers keep as cookies (RFC 6265, sections 4.1.1 and 6.1) and Django accepts as session keys."""

TIMESTAMP_FROM_END = -2
"""``value:timestamp:signature``, as ``django.core.signing`` writes it."""


def is_possible(credential: str) -> bool:
    """Return True if a credential may be looked up. Others never reach the site's stores."""
    return _POSSIBLE.fullmatch(credential) is not None


def is_self_contained(credential: str) -> bool:
    """Return True if a credential is valid by its signature and age alone."""
    return is_token(credential) or _keeps_sessions_in_cookies()


def made_at(credential: str) -> float:
    """Return when a self-contained credential with a valid signature was made, in epoch seconds."""
    return float(b62_decode(credential.split(":")[TIMESTAMP_FROM_END]))


def lifetime_of(credential: str, token_seconds: float) -> float:
    """Return the seconds from a self-contained credential's making to its expiry; 0 for other credentials."""
    if is_token(credential):
        return token_seconds
    if _keeps_sessions_in_cookies():
        return float(store_class()().get_session_cookie_age())
    return 0.0


def _keeps_sessions_in_cookies() -> bool:
    # Repeated imports cost a dictionary look-up.
    return issubclass(store_class(), signed_cookies.SessionStore)
