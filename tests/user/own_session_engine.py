"""A session engine that a site has derived from one of Django's, and that answers in its own way."""

from django.contrib.sessions.backends.cache import SessionStore as CacheStore


class SessionStore(CacheStore):
    """Keeps to itself what ``hidden`` names."""

    hidden: frozenset[str] = frozenset()

    def load(self) -> dict[str, str]:
        return {} if self.session_key in self.hidden else super().load()
