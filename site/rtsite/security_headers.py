"""The headers that tell a browser what a page of this site may do: load from its own host, and talk to rtserver.

Everything else of the kind (framing, sniffing, referrer, opener) is Django's own middleware and stays there.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


class SecurityHeaders:
    """Middleware: a Content-Security-Policy and a Permissions-Policy on every answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The answer of the rest of the site, with the headers that it did not set itself."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", content_security_policy(websocket_sources(request)))
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response


def websocket_sources(request: HttpRequest) -> str:
    """Return the source of the page's socket: the host it came from, unless the settings name another."""
    if settings.RTSERVER_WEBSOCKET_URL:
        url = urlsplit(settings.RTSERVER_WEBSOCKET_URL)
        return f"{url.scheme}://{url.netloc}"
    try:
        host = request.get_host()
    except DisallowedHost:
        return ""  # what is answered then is no page of ours, and connects to nothing
    # Some browsers do not count a WebSocket of the own host as 'self'.
    return f"ws://{host} wss://{host}"


def content_security_policy(websockets: str) -> str:
    """The policy (W3C CSP level 3): no script or style but the site's own files.

    ``eval`` is allowed because browser drivers evaluate in the page the conditions that they wait for; a script that
    was smuggled in needs a tag or an address, and neither works. A site that is tested in other ways should leave it
    out.
    """
    directives = (
        "default-src 'none'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' data:",
        f"connect-src 'self' {websockets}",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return "; ".join(directives)
