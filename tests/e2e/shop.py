"""A page of somebody else's site, on a port of its own: its HTML and its headers are the test's."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parents[2] / "site/static"


class Shop:
    """Serves one page at /, one script at /page.js, and the browser library under /static/ as a site does."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.html = ""
        self.script = ""
        self.policy = ""
        handler = partial(_Handler, self, directory=str(STATIC))
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "Shop":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, shop: Shop, *args: Any, **kwargs: Any) -> None:
        self._shop = shop
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        made = {"/": ("text/html", self._shop.html), "/page.js": ("text/javascript", self._shop.script)}
        if self.path not in made:
            self.path = self.path.removeprefix("/static")
            super().do_GET()
            return
        kind, text = made[self.path]
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        if self._shop.policy:
            self.send_header("Content-Security-Policy", self._shop.policy)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing: what a test prints is about the test."""
