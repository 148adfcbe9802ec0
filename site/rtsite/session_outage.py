"""The difference between "not logged in" and "Redis is away", which Django's cache sessions do not make.

They read as empty while their store cannot be reached, and an empty session costs the browser its cookie: a short
outage would log everybody out for good. This middleware stands right inside the session middleware and answers 503
instead.
"""

from collections.abc import Callable

import redis
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

GetResponse = Callable[[HttpRequest], HttpResponse]


class SessionOutage:
    """Middleware; must come directly after ``SessionMiddleware``."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The view's answer, or 503 with the cookie left alone."""
        response = self.get_response(request)
        if self._lost_its_session(request) and not _store_answers():
            # Without a session on the request Django's middleware leaves the cookie as it is.
            del request.session
            return _unavailable(request)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Logging in needs to write a session: that fails loudly, and gets the same answer."""
        return _unavailable(request) if isinstance(exception, redis.RedisError) else None

    def _lost_its_session(self, request: HttpRequest) -> bool:
        """Tell whether the browser brought a cookie that led to nothing. Logging out empties a session by right."""
        is_logout = request.resolver_match is not None and request.resolver_match.url_name == "logout"
        return settings.SESSION_COOKIE_NAME in request.COOKIES and request.session.is_empty() and not is_logout


def _store_answers() -> bool:
    try:
        cache.get("rtsite.session_outage")
    except redis.RedisError:
        return False
    return True


def _unavailable(request: HttpRequest) -> HttpResponse:
    response = render(request, "503.html", status=503)
    response["Retry-After"] = "5"
    return response
