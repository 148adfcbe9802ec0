"""A person who logs in to the demo site over HTTP, as a browser does, for tests that need a session."""

import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from ssl import SSLContext


class DemoLogin:
    """One browser's cookies. ``session_key`` is the session that the site gave it."""

    def __init__(
        self, url: str, username: str = "demo", password: str | None = None, *, tls: SSLContext | None = None
    ) -> None:
        self._url = url
        self._jar = CookieJar()
        handlers: list[urllib.request.BaseHandler] = [urllib.request.HTTPCookieProcessor(self._jar)]
        if tls is not None:
            handlers.append(urllib.request.HTTPSHandler(context=tls))
        self._browser = urllib.request.build_opener(*handlers)
        self._post("/accounts/login/", {"username": username, "password": password or username})

    @property
    def session_key(self) -> str:
        """The value of the session cookie."""
        return next(str(cookie.value) for cookie in self._jar if cookie.name == "sessionid")

    @property
    def headers(self) -> dict[str, str | None]:
        """The header that a WebSocket handshake needs."""
        return {"Cookie": f"sessionid={self.session_key}"}

    def log_out(self) -> None:
        """Press the button."""
        self._post("/accounts/logout/", {})

    def _post(self, path: str, form: dict[str, str]) -> None:
        page = self._browser.open(f"{self._url}/accounts/login/" if "login" in path else f"{self._url}/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
        assert token is not None
        body = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": token[1]}).encode()
        self._browser.open(urllib.request.Request(self._url + path, body, {"Referer": self._url})).read()
