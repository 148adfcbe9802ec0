"""What a credential can look like; which are good by their signature alone, when made, and for how long.

Decides it from the credential and the site's settings: a token is such a one, and so is every session of an engine
that keeps its sessions in signed cookies. No store can end them, so a revocation has to be kept (``RevocationPort``).
"""

import re

from django.contrib.sessions.backends import signed_cookies
from django.core.signing import b62_decode

from rtserver.user.session.site_store import store_class
from rtserver.user.session.token import is_token

_POSSIBLE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{8,4096}")
"""What a browser keeps as a cookie's value (RFC 6265, sections 4.1.1 and 6.1), and Django takes for a session key."""

TIMESTAMP_FROM_END = -2
"""``value:timestamp:signature``, as ``django.core.signing`` writes it."""


def is_possible(credential: str) -> bool:
    """Whether it may be asked for at all: nothing else is shown to the site's stores."""
    return _POSSIBLE.fullmatch(credential) is not None


def is_self_contained(credential: str) -> bool:
    """Whether nothing but its signature and its age says that it is good."""
    return is_token(credential) or _keeps_sessions_in_cookies()


def made_at(credential: str) -> float:
    """When a self-contained credential was made, in epoch seconds. For one whose signature is good."""
    return float(b62_decode(credential.split(":")[TIMESTAMP_FROM_END]))


def lifetime_of(credential: str, token_seconds: float) -> float:
    """For how many seconds a self-contained credential is good, from when it was made; 0 for any other."""
    if is_token(credential):
        return token_seconds
    if _keeps_sessions_in_cookies():
        return float(store_class()().get_session_cookie_age())
    return 0.0


def _keeps_sessions_in_cookies() -> bool:
    # An import that has been done before is a look into a dict.
    return issubclass(store_class(), signed_cookies.SessionStore)
