"""A session from a Django site: what a browser does with the login form, and no more."""

import re
from http.cookiejar import CookieJar
from ssl import SSLContext
from typing import Any
from urllib.parse import urlencode
from urllib.request import (
    HTTPCookieProcessor,
    HTTPErrorProcessor,
    HTTPSHandler,
    OpenerDirector,
    Request,
    build_opener,
)

from rtserver.bench.client.error import LoginError

ANSWER_SECONDS = 15.0
_TOKEN_FIELD = re.compile(r"<input[^>]*csrfmiddlewaretoken[^>]*>")
_VALUE = re.compile(r"""value=["']([^"']+)""")


def log_in(url: str, user: str, password: str, tls: SSLContext | None = None) -> str:
    """Fill the form at ``url`` in; the Cookie header of the session. Raises ``LoginError``."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar), _AsItCame(), *([HTTPSHandler(context=tls)] if tls else []))
    page = _ask(browser, Request(url), wanted=200)
    form = urlencode({"username": user, "password": password, "csrfmiddlewaretoken": _token(page)}).encode()
    # Django says yes by sending the browser on. Over https it asks for the page that the form was on.
    _ask(browser, Request(url, form, {"Referer": url}), wanted=302)
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


def _ask(browser: OpenerDirector, request: Request, wanted: int) -> str:
    url = request.full_url
    try:
        with browser.open(request, timeout=ANSWER_SECONDS) as answer:
            status, body = answer.status, str(answer.read(), "utf-8", "replace")
    except (OSError, ValueError) as error:
        raise LoginError(f"{url}: {getattr(error, 'reason', None) or error}") from None
    if status == wanted:
        return body
    if status == 200:
        raise LoginError(f"{url}: the site does not take this user name and password, or this is no login form")
    raise LoginError(f"{url}: the answer is {status}; is this where the login form is (--login-url)?")


def _token(page: str) -> str:
    field = _TOKEN_FIELD.search(page)
    value = field and _VALUE.search(field[0])
    return value[1] if value else ""


class _AsItCame(HTTPErrorProcessor):
    """Every status is an answer: no redirect is followed, no error raised."""

    def http_response(self, request: Request, response: Any) -> Any:
        """Called by urllib."""
        return response

    https_response = http_response
