"""One Chromium for the tests with a browser that a worker runs in a row: a start takes longer than most tests."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from bench.page.chromium import CHROMIUM, CHROMIUM_OPTIONS

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class SharedBrowser:
    """A browser that is started when it is asked for, and again if it has died.

    Call ``end`` before a test without a browser: while playwright is there, it keeps an event loop running in this
    thread, and neither Django nor asyncio's own runner works.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._browser: Browser | None = None

    def get(self) -> "Browser":
        """Return the browser; it has no pages but those of the test that asks."""
        if self._browser is None or not self._browser.is_connected():
            self.end()
            from playwright.sync_api import (
                sync_playwright,
            )  # a run without a browser does without its tenth of a second

            playwright = self._stack.enter_context(sync_playwright())
            self._browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*CHROMIUM_OPTIONS])
            self._stack.callback(self._browser.close)
        return self._browser

    def end(self) -> None:
        """End it, if it is there."""
        self._browser = None
        self._stack.close()


SHARED_BROWSER = pytest.StashKey[SharedBrowser]()
