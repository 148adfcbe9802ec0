"""Workshops: one that is compiled once for each module, as the tutorial says it. And a page to look at them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.docs.document import blocks
from tests.docs.tce.workshop import TUTORIAL, Workshop
from tests.e2e.conftest import new_context


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The examples after every line that the tutorial gives to a shell."""
    workshop = Workshop(tmp_path_factory.mktemp("checkout"))
    for line in "".join(blocks(TUTORIAL, "sh")).splitlines():
        workshop.run(line)
    return workshop


@pytest.fixture
def empty_workshop(tmp_path: Path) -> Workshop:
    """The examples as they are in the repository."""
    return Workshop(tmp_path / "checkout")


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own."""
    context = new_context(browser)
    page = context.new_page()
    yield page
    context.close()
