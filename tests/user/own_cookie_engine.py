"""A team's own session engine, made of Django's signed cookies."""

from django.contrib.sessions.backends import signed_cookies


class SessionStore(signed_cookies.SessionStore):
    """Its sessions are short."""

    def get_session_cookie_age(self) -> int:
        """For how many seconds a session is good."""
        return 77
