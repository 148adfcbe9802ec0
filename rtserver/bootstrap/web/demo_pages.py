"""The demo site on Tornado: its pages through WSGI, in threads of their own, and its files.

A team's own site stays with the server that served it before.
"""

import logging
import re
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from contextlib import suppress
from http import HTTPStatus
from types import TracebackType
from typing import TypeAlias
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tornado.httputil import HTTPHeaders, HTTPOutputError, HTTPServerRequest, ResponseStartLine
from tornado.iostream import StreamClosedError
from tornado.web import FallbackHandler, HTTPError, StaticFileHandler
from tornado.wsgi import WSGIContainer

from rtserver.bootstrap.site.django_env import DemoSite
from rtserver.bootstrap.web.application import Route

log = logging.getLogger(__name__)

ExcInfo: TypeAlias = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

_HOST = re.compile(r"[^:]*(:\d{1,5})?|\[[0-9A-Fa-f:.]*\](:\d{1,5})?", re.ASCII)


def demo_routes(site: DemoSite, executor: Executor) -> list[Route]:
    """Return the routes of Tornado's application that serve the demo; the last one takes every path."""
    pages = Pages(with_trimmed_headers(site.application), executor)
    return [
        (r"/static/(.*)", SiteFileHandler, {"path": str(site.static_dir)}),
        (r".*", FallbackHandler, {"fallback": pages}),
    ]


class Pages(WSGIContainer):
    """WSGI container that answers whatever happens: a request without an answer would hold its socket at its
    sender's will.
    """

    async def handle_request(self, request: HTTPServerRequest) -> None:
        """Called by Tornado for each request that no other route takes."""
        if not _HOST.fullmatch(request.host):
            _answer(request, HTTPStatus.BAD_REQUEST)  # WSGI wants the port as a number
            return
        try:
            await super().handle_request(request)
        except Exception:
            log.exception("! %s failed", request.path)
            _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR)


def _answer(request: HTTPServerRequest, status: HTTPStatus) -> None:
    assert request.connection is not None
    # The client may have left, or have its answer in part.
    with suppress(StreamClosedError, HTTPOutputError):
        start = ResponseStartLine("HTTP/1.1", status, status.phrase)
        request.connection.write_headers(start, HTTPHeaders({"Content-Length": "0"}))
        request.connection.finish()


class SiteFileHandler(StaticFileHandler):
    """The demo's files. A browser asks each time whether a file has changed; mostly the answer is 304."""

    def parse_url_path(self, url_path: str) -> str:
        """Called by Tornado for each file. No file system takes a NUL in a name, but Tornado would ask it."""
        if "\0" in url_path:
            raise HTTPError(404)
        return super().parse_url_path(url_path)

    def set_extra_headers(self, path: str) -> None:
        """Called by Tornado for each file."""
        self.set_header("Cache-Control", "no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")


def with_trimmed_headers(application: WSGIApplication) -> WSGIApplication:
    """Return the application without spaces around header values: Django begins each cookie with one, Tornado
    refuses it.
    """

    def trimming(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(
            status: str, headers: list[tuple[str, str]], exc_info: ExcInfo | None = None, /
        ) -> Callable[[bytes], object]:
            return start_response(status, [(name, value.strip()) for name, value in headers], exc_info)

        return application(environ, start)

    return trimming
