"""The demo site on Tornado: its pages through WSGI, in threads of their own, and its files.

A team's own site is served by whatever served it before; this is for the demo.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from typing import Any

from tornado.web import FallbackHandler, HTTPError, StaticFileHandler
from tornado.wsgi import WSGIContainer

from rtserver.bootstrap.django_env import DemoSite, WsgiApplication


def demo_routes(site: DemoSite, executor: Executor) -> list[tuple[Any, ...]]:
    """The routes of Tornado's application that serve the demo; the last one takes every path."""
    pages = WSGIContainer(with_trimmed_headers(site.application), executor)
    return [
        (r"/static/(.*)", SiteFileHandler, {"path": str(site.static_dir)}),
        (r".*", FallbackHandler, {"fallback": pages}),
    ]


class SiteFileHandler(StaticFileHandler):
    """The demo's files. A browser asks each time whether a file has changed; the answer is mostly 304."""

    def parse_url_path(self, url_path: str) -> str:
        """Called by Tornado for each file. No file system takes a NUL in a name, but Tornado would ask it."""
        if "\0" in url_path:
            raise HTTPError(404)
        return super().parse_url_path(url_path)

    def set_extra_headers(self, path: str) -> None:
        """Called by Tornado for each file."""
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")


def with_trimmed_headers(application: WsgiApplication) -> WsgiApplication:
    """The application, with no space around header values: Django begins each cookie with one, Tornado refuses it."""

    def trimming(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [(name, value.strip()) for name, value in headers], *rest)

        return application(environ, start)

    return trimming
