"""The site as a WSGI application, for rtserver's demo mode and for any WSGI server.

WSGI servers take the application from a module, so this is the one file that sets Django up when it is imported.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rtsite.settings")


def with_bare_header_values(application: WSGIApplication) -> WSGIApplication:
    """``application`` without blanks around its header values.

    Django begins the value of every Set-Cookie with a blank; Tornado takes that for broken and never answers.
    """

    def run(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            return start_response(status, [(name, value.strip()) for name, value in headers], *exc_info)

        return application(environ, start)

    return run


application = with_bare_header_values(get_wsgi_application())
